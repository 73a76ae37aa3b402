#include "tests/nn/layer_oracle.h"

#include <cmath>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "io/safetensors.h"
#include "ops/binary.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/unary.h"
#include "tests/data.h"
#include "tests/oracle.h"

namespace tessera::testing {

namespace {

constexpr double kTolerance = 1e-7;  // torch has f32 constants, such as 1 / 6 in hardsigmoid

std::string numbered(const std::string& key, size_t i) {
  return i == 0 ? key : key + std::to_string(i);
}

// Of parameters without effect, such as a bias in front of a norm, both are rounding errors.
void check_gradient(const Tensor& actual, const Tensor& expected) {
  constexpr double kNothing = 1e-12;
  const bool none = max(abs(expected)).item() < kNothing && max(abs(actual)).item() < kNothing;
  if (!none) check_close(actual, expected, kTolerance);
}

// d/dt f(at + t direction) at t = 0, by central differences.
double difference(const std::function<double(const Tensor& at)>& f, const Tensor& at,
                  const Tensor& direction) {
  constexpr double kStep = 1e-5;
  return (f(at + direction * kStep) - f(at - direction * kStep)) / (2 * kStep);
}

}  // namespace

LayerOracle::LayerOracle(const std::string& name)
    : name_(name), archive_(io::load_safetensors(data_file(name + ".safetensors"))) {}

Tensor LayerOracle::recorded(const std::string& key) const {
  const auto found = archive_.tensors.find(key);
  REQUIRE_MESSAGE(found != archive_.tensors.end(), name_, ".safetensors has no tensor ", key);
  return found->second;
}

std::vector<std::string> LayerOracle::names(const std::string& prefix) const {
  std::vector<std::string> found;
  for (const auto& entry : archive_.tensors) {
    if (entry.first.starts_with(prefix)) found.push_back(entry.first.substr(prefix.size()));
  }
  return found;
}

void LayerOracle::check_layer(const std::string& what, nn::Module& layer, const Run& run) const {
  INFO("layer: " << what);
  nn::StateDict state;
  std::vector<std::string> own;
  for (const auto& entry : layer.state_dict()) {
    own.push_back(entry.first);
    state[entry.first] = recorded(fmt::format("{}/state/{}", what, entry.first));
  }
  CHECK(names(what + "/state/") == own);
  layer.load_state_dict(state);

  Tensors x;
  while (has(numbered(what + "/x", x.size()))) {
    x.push_back(recorded(numbered(what + "/x", x.size())));
  }
  const Tensor y = run(x);
  check_close(y, recorded(what + "/y"), kTolerance);
  const GradOptions seed{.seed = recorded(what + "/dy")};
  for (size_t i = 0; i < x.size(); ++i) {
    const std::string key = numbered(what + "/dx", i);
    if (has(key)) check_close(grad(y, x[i], seed), recorded(key), kTolerance);
  }
  for (const auto& entry : layer.named_parameters()) {
    INFO("parameter: " << entry.first);
    check_gradient(grad(y, entry.second, seed),
                   recorded(fmt::format("{}/grad/{}", what, entry.first)));
  }
  if (has(what + "/second x")) {
    run({recorded(what + "/second x")});
    for (const auto& entry : layer.named_buffers()) {
      check_close(entry.second, recorded(fmt::format("{}/after/{}", what, entry.first)),
                  kTolerance);
    }
    layer.eval();
    check_close(run(x), recorded(what + "/y eval"), kTolerance);
    layer.train();
  }
  check_gradients(what, layer, run, x);
}

void LayerOracle::check_gradients(const std::string& what, nn::Module& layer, const Run& run,
                                  const Tensors& x) const {
  const Tensor dy = recorded(what + "/dy");
  const auto loss = [&](const Tensors& inputs) { return sum(run(inputs) * dy); };
  const auto agree = [](double analytic, double numeric) {
    CHECK_MESSAGE(std::abs(analytic - numeric) <= 1e-6 * std::max(1.0, std::abs(analytic)),
                  fmt::format("gradient {:.9g}, by differences {:.9g}", analytic, numeric));
  };
  for (size_t i = 0; i < x.size(); ++i) {
    if (!has(numbered(what + "/dx", i))) continue;
    const Tensor direction = randn(x[i].shape(), f64);
    const auto at = [&](const Tensor& value) {
      Tensors moved = x;
      moved[i] = value;
      return loss(moved).item();
    };
    agree(sum(grad(loss(x), x[i]) * direction).item(), difference(at, x[i], direction));
  }
  for (const auto& entry : layer.named_parameters()) {
    INFO("parameter: " << entry.first);
    const Tensor& parameter = entry.second;
    const Tensor before(parameter.value_node()), direction = randn(parameter.shape(), f64);
    const auto at = [&](const Tensor& value) {
      parameter.update(value);
      return loss(x).item();
    };
    const double analytic = sum(grad(loss(x), parameter) * direction).item();
    agree(analytic, difference(at, before, direction));
    parameter.update(before);
  }
}

}  // namespace tessera::testing
