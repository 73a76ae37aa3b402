#include <cmath>
#include <filesystem>
#include <random>

#include <doctest/doctest.h>

#include "core/settings.h"
#include "ops/unary.h"
#include "tests/onnx/runner.h"
#include "tests/onnx/table.h"

using namespace tessera;
using namespace tessera::onnx;
namespace fs = std::filesystem;

namespace {

// Writes protobuf messages.
struct Message {
  std::vector<std::byte> bytes;

  Message& varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes.push_back(std::byte(value | 0x80));
    bytes.push_back(std::byte(value));
    return *this;
  }
  Message& integer(uint64_t field, uint64_t value) { return varint(field << 3).varint(value); }
  Message& block(uint64_t field, const void* data, size_t size) {
    varint(field << 3 | 2).varint(size);
    const auto* begin = static_cast<const std::byte*>(data);
    bytes.insert(bytes.end(), begin, begin + size);
    return *this;
  }
  Message& text(uint64_t field, const std::string& value) {
    return block(field, value.data(), value.size());
  }
  Message& message(uint64_t field, const Message& value) {
    return block(field, value.bytes.data(), value.bytes.size());
  }
  template <class T>
  Message& array(uint64_t field, const std::vector<T>& values) {
    return block(field, values.data(), values.size() * sizeof(T));
  }
};

// A TensorProto without elements.
Message header(const std::vector<uint64_t>& dims, uint64_t element_type) {
  Message tensor;
  for (const uint64_t extent : dims) tensor.integer(1, extent);
  return tensor.integer(2, element_type);
}

constexpr uint64_t kF32 = 1, kI32 = 6, kI64 = 7, kString = 8, kBool = 9, kF16 = 10, kF64 = 11;

std::vector<double> values_of(const Message& message) {
  return read_tensor(message.bytes).tensor.to_vector<double>();
}

// y = exp(x[:2]) as a model, with an initializer as second output and an absent input.
Message model() {
  Message bias = header({2}, kF32).array<float>(9, {1.5F, -2});
  bias.text(8, "bias");
  Message starts, slice, exponential, graph, x, y, opset;
  starts.text(1, "starts").integer(8, 0).integer(20, 7);
  Message ends;
  ends.text(1, "ends").block(8, "\x02", 1).integer(20, 7);
  slice.text(1, "x").text(2, "part").text(4, "Slice").message(5, starts).message(5, ends);
  exponential.text(1, "part").text(1, "").text(2, "y").text(4, "Exp");
  graph.message(1, slice).message(1, exponential).message(5, bias);
  graph.message(11, x.text(1, "x"))
      .message(12, y.text(1, "y"))
      .message(12, Message().text(1, "bias"));
  return Message().integer(1, 8).message(8, opset.text(1, "").integer(2, 9)).message(7, graph);
}

}  // namespace

TEST_SUITE_BEGIN("onnx");

TEST_CASE("a tensor is read in each of its encodings") {
  CHECK(values_of(header({2, 1}, kF32).array<float>(9, {1.5F, -2})) == std::vector{1.5, -2.0});
  CHECK(values_of(header({2}, kF32).array<float>(4, {1.5F, -2})) == std::vector{1.5, -2.0});
  CHECK(values_of(header({2}, kF64).array<double>(10, {1.5, -2})) == std::vector{1.5, -2.0});
  CHECK(values_of(header({2}, kI64).integer(7, 300).integer(7, ~uint64_t{0})) ==
        std::vector{300.0, -1.0});
  CHECK(values_of(header({3}, kI32).block(5, "\x01\xac\x02\x03", 4)) ==
        std::vector{1.0, 300.0, 3.0});
  CHECK(values_of(header({2}, kF16).integer(5, 0x3c00).integer(5, 0xc000)) ==
        std::vector{1.0, -2.0});
  CHECK(values_of(header({2}, kBool).block(9, "\x01\x00", 2)) == std::vector{1.0, 0.0});
  CHECK(values_of(header({}, kF32).array<float>(9, {4})) == std::vector{4.0});
  CHECK(values_of(header({0, 3}, kF32)).empty());
  const NamedTensor named =
      read_tensor(header({2, 1}, kI64).array<int64_t>(9, {1, 2}).text(8, "n").bytes);
  CHECK(named.name == "n");
  CHECK(named.tensor.shape() == Shape{2, 1});
  CHECK(named.tensor.dtype() == i64);
}

TEST_CASE("a tensor that does not hold what it says is an error") {
  const auto text_of = [](const Message& message) -> std::string {
    try {
      read_tensor(message.bytes);
    } catch (const Unsupported& unsupported) {
      return std::string("unsupported: ") + unsupported.what();
    } catch (const Error& error) {
      return error.what();
    }
    return "read";
  };
  CHECK(text_of(header({3}, kF32).array<float>(9, {1, 2})) ==
        "onnx: a f32 tensor of shape [3] must have 3 elements, got 8 bytes");
  CHECK(text_of(header({3}, kF32).array<float>(4, {1, 2})) ==
        "onnx: a tensor of shape [3] must have 3 elements, got 2");
  CHECK(text_of(header({~uint64_t{0}}, kF32)) == "onnx: an extent must not be negative, got -1");
  CHECK(text_of(header({1ULL << 40, 1ULL << 40}, kF32))
            .starts_with("onnx: the number of elements must fit in 64 bits"));
  CHECK(text_of(header({1ULL << 62}, kF32).array<float>(9, {1})) != "read");
  CHECK(text_of(header({1}, kBool).block(9, "\x02", 1)) ==
        "onnx: a truth value must be 0 or 1, got 2");
  CHECK(text_of(header({1}, kString).text(6, "a")) == "unsupported: dtype string");
  CHECK(text_of(header({1, 1, 1, 1, 1, 1, 1, 1, 1}, kF32).array<float>(9, {1})) ==
        "unsupported: tensors of 9 dimensions");
}

TEST_CASE("a model is read and run") {
  const onnx::Graph graph = read_model(model().bytes);
  REQUIRE(graph.nodes.size() == 2);
  CHECK(read_op_types(model().bytes) == std::vector<std::string>{"Slice", "Exp"});
  CHECK(graph.nodes[0].opset == 9);
  CHECK(graph.nodes[0].integers("starts") == std::vector<int64_t>{0});
  CHECK(graph.nodes[0].integers("ends") == std::vector<int64_t>{2});
  CHECK(graph.nodes[0].integers("axes", {7}) == std::vector<int64_t>{7});
  const Tensors outputs = run_graph(graph, {tensor({0, 1, 2}, {3})});
  REQUIRE(outputs.size() == 2);
  CHECK(difference(outputs[0], exp(tensor({0, 1}, {2}))).empty());
  CHECK(outputs[1].to_vector<double>() == std::vector{1.5, -2.0});
  CHECK_THROWS_WITH_AS(run_graph(graph, {}), "onnx: a model must get all its inputs, got 0 of 1",
                       Error);
}

TEST_CASE("truncated and corrupt models are errors") {
  const std::vector<std::byte> whole = model().bytes;
  const auto survives = [](const std::vector<std::byte>& bytes) {
    try {
      const onnx::Graph graph = read_model(bytes);
      (void)run_graph(graph, {tensor({0, 1, 2}, {3})});
    } catch (const std::exception&) {
    }
  };
  for (size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    CHECK_THROWS_AS(read_model(Bytes(whole).first(size)), Error);
  }
  std::mt19937 random(1);
  for (int i = 0; i < 5000; ++i) {
    std::vector<std::byte> bytes = whole;
    for (auto changes = random() % 4; changes < 4; ++changes) {
      bytes[random() % bytes.size()] = std::byte(random());
    }
    survives(bytes);
  }
  for (int i = 0; i < 5000; ++i) {
    std::vector<std::byte> bytes(random() % 64);
    for (std::byte& byte : bytes) byte = std::byte(random());
    survives(bytes);
  }
  CHECK_THROWS_WITH_AS(read_model({}), "onnx: a model must have a graph, got none", Error);
}

TEST_CASE("values are compared by dtype") {
  const double nan = std::nan(""), inf = INFINITY;
  CHECK(difference(tensor({1, nan, inf}, {3}), tensor({1 + 1e-6, nan, inf}, {3})).empty());
  CHECK(difference(tensor({1}, {1}), tensor({1}, {1, 1})) == "shape is [1], expected [1, 1]");
  CHECK(difference(tensor({1}, {1}), tensor({1}, {1}, f64)) == "dtype is f32, expected f64");
  CHECK(difference(tensor({1, 2}, {2}), tensor({1, 2.5}, {2})) ==
        "1 of 2 elements differ, most at [1]: got 2, expected 2.5, error 0.5");
  CHECK_FALSE(difference(tensor({nan}, {1}), tensor({1}, {1})).empty());
  CHECK_FALSE(difference(tensor({inf}, {1}), tensor({-inf}, {1})).empty());
  CHECK_FALSE(difference(tensor({1}, {1}, i32), tensor({2}, {1}, i32)).empty());
  CHECK(difference(tensor({1}, {1}, f16), tensor({1.001}, {1}, f16)).empty());
}

TEST_CASE("the table counts by operator and names what failed") {
  const std::vector<Result> results = {{"test_a", "Add", Outcome::passed, ""},
                                       {"test_b", "Add", Outcome::failed, "shape is [1]"},
                                       {"test_c", "Loop", Outcome::skipped, "operator Loop"}};
  CHECK(summary(results) == "1 passed, 1 failed, 1 skipped");
  CHECK(table(results, false) ==
        "operator  passed  failed  skipped\n"
        "Add            1       1         \n"
        "Loop                            1\n"
        "\nskipped:\n  operator Loop: Loop 1\n"
        "\nfailed:\n  test_b (Add): shape is [1]\n");
}

TEST_CASE("operators agree with ONNX") {
  const fs::path data = "/usr/share/libonnx-testdata/data";
  if (!fs::is_directory(data)) {
    MESSAGE("skipped: the package libonnx-testdata is not installed");
    return;
  }
  const NoGrad no_grad;
  std::vector<Result> results;
  for (const fs::path& test : find_tests(data)) results.push_back(run_test(test));
  int passed = 0, failed = 0;
  for (const Result& result : results) {
    passed += result.outcome == Outcome::passed ? 1 : 0;
    failed += result.outcome == Outcome::failed ? 1 : 0;
  }
  INFO(table(results, false));
  CHECK(passed >= 900);
  CHECK(failed * 50 <= passed + failed);
}

TEST_SUITE_END();
