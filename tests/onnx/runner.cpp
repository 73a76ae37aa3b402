#include "tests/onnx/runner.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <iterator>
#include <set>
#include <unordered_map>

#include "tests/onnx/registry.h"

namespace tessera::onnx {

namespace fs = std::filesystem;

namespace {

std::vector<std::byte> read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  require(file.good(), "onnx: a test needs {}, got no such file", path.filename().string());
  const std::vector<char> text((std::istreambuf_iterator<char>(file)), {});
  const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
  return {bytes, bytes + text.size()};
}

// input_0.pb, input_1.pb, ... of a data set.
Tensors read_tensors(const fs::path& data_set, const std::string& kind) {
  Tensors tensors;
  for (int i = 0;; ++i) {
    const fs::path path = data_set / (kind + "_" + std::to_string(i) + ".pb");
    if (!fs::exists(path)) return tensors;
    tensors.push_back(read_tensor(read_file(path)).tensor);
  }
}

// What a model is about: its only operator, besides those that just bring its inputs into form.
std::string subject(const std::vector<std::string>& op_types) {
  static const std::set<std::string_view> secondary = {"Constant", "ConstantOfShape", "Identity"};
  if (op_types.size() == 1) return op_types[0];
  std::set<std::string> ops;
  for (const std::string& type : op_types) {
    if (!secondary.contains(type)) ops.insert(type);
  }
  return ops.size() == 1 ? *ops.begin() : "several together";
}

void check_supported(const Graph& graph) {
  static const std::set<std::string_view> domains = {"", "ai.onnx", "ai.onnx.preview.training"};
  for (const Node& node : graph.nodes) {
    if (!domains.contains(node.domain) || !registry().contains(node.op_type)) {
      throw Unsupported("operator " + node.op_type);
    }
  }
}

// Tests that contradict the standard. They are skipped unless they pass.
std::string flaw_of(const std::string& test) {
  if (test == "test_adam_multiple") return "old model without the epsilon of its values";
  if (test.find("window_") != std::string::npos) return "values made with pi = 3.1415";
  return {};
}

struct Tolerance {
  double rtol = 0, atol = 0;
};

Tolerance tolerance_of(DType dtype) {
  switch (dtype) {
    case f64:
      return {1e-7, 1e-8};
    case f32:
      return {1e-5, 1e-6};
    case f16:
      return {2e-3, 1e-3};
    case bf16:
      return {1.6e-2, 8e-3};
    default:
      return {};
  }
}

// A unit of the fourth decimal where that is all that somebody wrote down of the values, some of
// them cut off instead of rounded.
double rounding_of(const std::vector<double>& values) {
  bool fourth = false;
  for (const double value : values) {
    const double units = value * 1e4, rounded = std::round(units);
    if (!(std::abs(units - rounded) <= 2e-7 * std::abs(units))) return 0;
    fourth = fourth || std::fmod(rounded, 100) != 0;
  }
  return fourth ? 1e-4 : 0;
}

std::string position(int64_t index, const Shape& shape) {
  Shape at = shape;
  for (int i = shape.ndim() - 1; i >= 0; --i) {
    at[i] = index % shape[i];
    index /= shape[i];
  }
  return at.str();
}

// Elements as T; `excess` is positive where two of them are not close, and infinite where they are
// of different kinds.
template <class T, class Excess>
std::string worst(const Tensor& got, const Tensor& want, Excess excess) {
  const std::vector<T> a = got.to_vector<T>(), b = want.to_vector<T>();
  size_t differing = 0, at = 0;
  double most = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double by = excess(a[i], b[i]);
    if (by <= 0) continue;
    ++differing;
    if (by > most) {
      most = by;
      at = i;
    }
  }
  if (differing == 0) return {};
  const double error = std::abs(static_cast<double>(a[at]) - static_cast<double>(b[at]));
  return fmt::format(
      "{} of {} elements differ, most at {}: got {:.8g}, expected {:.8g}, error {:.3g}", differing,
      a.size(), position(static_cast<int64_t>(at), want.shape()), static_cast<double>(a[at]),
      static_cast<double>(b[at]), error);
}

std::string run_data_set(const Graph& graph, const fs::path& data_set) {
  const Tensors expected = read_tensors(data_set, "output");
  const Tensors outputs = run_graph(graph, read_tensors(data_set, "input"));
  require(expected.size() == outputs.size() && !expected.empty(),
          "onnx: a test must hold all outputs of its model, got {} of {}", expected.size(),
          outputs.size());
  eval(outputs);
  for (size_t i = 0; i < outputs.size(); ++i) {
    const std::string text = difference(outputs[i], expected[i]);
    if (!text.empty()) return outputs.size() == 1 ? text : fmt::format("output {}: {}", i, text);
  }
  return {};
}

}  // namespace

std::vector<fs::path> find_tests(const fs::path& root) {
  std::vector<fs::path> tests;
  if (fs::exists(root / "model.onnx")) tests.push_back(root);
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_directory() && fs::exists(entry.path() / "model.onnx")) {
      tests.push_back(entry.path());
    }
  }
  std::sort(tests.begin(), tests.end());
  return tests;
}

Result run_test(const fs::path& folder) {
  Result result{.test = folder.filename().string(), .op = "unreadable", .reason = {}};
  try {
    const std::vector<std::byte> model = read_file(folder / "model.onnx");
    result.op = subject(read_op_types(model));
    const Graph graph = read_model(model);
    check_supported(graph);
    int count = 0;
    for (; fs::exists(folder / ("test_data_set_" + std::to_string(count))); ++count) {
      result.reason = run_data_set(graph, folder / ("test_data_set_" + std::to_string(count)));
      if (!result.reason.empty()) break;
    }
    if (count == 0 && result.reason.empty()) throw Unsupported("tests without data");
    if (!result.reason.empty()) {
      const std::string flaw = flaw_of(result.test);
      result.outcome = flaw.empty() ? Outcome::failed : Outcome::skipped;
      if (!flaw.empty()) result.reason = flaw;
    }
  } catch (const Unsupported& unsupported) {
    result.outcome = Outcome::skipped;
    result.reason = unsupported.what();
  } catch (const std::exception& error) {
    result.outcome = Outcome::failed;
    result.reason = error.what();
  }
  return result;
}

Tensors run_graph(const Graph& graph, const Tensors& inputs) {
  std::unordered_map<std::string, Tensor> values;
  for (const NamedTensor& initializer : graph.initializers) {
    values[initializer.name] = initializer.tensor;
  }
  // Old models list their initializers as inputs too, after or between the real ones.
  size_t next = 0;
  const bool all_given = inputs.size() == graph.inputs.size();
  for (const std::string& name : graph.inputs) {
    if (!all_given && values.contains(name)) continue;
    require(next < inputs.size(), "onnx: a model must get all its inputs, got {} of {}",
            inputs.size(), graph.inputs.size());
    values[name] = inputs[next++];
  }
  const auto value_of = [&](const std::string& name) {
    if (name.empty()) return Tensor();
    const auto found = values.find(name);
    require(found != values.end(), "onnx: a value must be computed before its use, got {}", name);
    return found->second;
  };
  for (const Node& node : graph.nodes) {
    Tensors arguments;
    for (const std::string& name : node.inputs) arguments.push_back(value_of(name));
    const auto mapping = registry().find(node.op_type);
    if (mapping == registry().end()) throw Unsupported("operator " + node.op_type);
    const Tensors results = mapping->second(node, Inputs(std::move(arguments)));
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if (!node.wants(i)) continue;
      require(i < results.size() && results[i].defined(), "onnx: {} must give output {}, got none",
              node.op_type, i);
      values[node.outputs[i]] = results[i];
    }
  }
  Tensors outputs;
  for (const std::string& name : graph.outputs) outputs.push_back(value_of(name));
  return outputs;
}

std::string difference(const Tensor& got, const Tensor& want) {
  if (got.dtype() != want.dtype()) {
    return fmt::format("dtype is {}, expected {}", got.dtype(), want.dtype());
  }
  if (got.shape() != want.shape()) {
    return fmt::format("shape is {}, expected {}", got.shape(), want.shape());
  }
  if (!is_floating(want.dtype())) {
    return worst<int64_t>(got, want, [](int64_t a, int64_t b) { return a == b ? 0.0 : 1.0; });
  }
  double scale = 1;
  const std::vector<double> values = want.to_vector<double>();
  for (const double value : values) {
    if (std::isfinite(value)) scale = std::max(scale, std::abs(value));
  }
  const auto [rtol, least] = tolerance_of(want.dtype());
  const double atol = least * scale + rounding_of(values);
  return worst<double>(got, want, [rtol = rtol, atol](double a, double b) {
    if (a == b || (std::isnan(a) && std::isnan(b))) return 0.0;
    const double excess = std::abs(a - b) - (atol + rtol * std::abs(b));
    return std::isfinite(a) && std::isfinite(b) ? excess : INFINITY;
  });
}

}  // namespace tessera::onnx
