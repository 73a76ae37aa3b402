#include <random>

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/settings.h"
#include "core/transfer.h"
#include "ops/activation.h"
#include "ops/binary.h"
#include "ops/conv.h"
#include "ops/interpolate.h"
#include "ops/join.h"
#include "ops/norm.h"
#include "ops/pool.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/softmax.h"
#include "ops/unary.h"
#include "tests/core/cuda/host_gpu.h"
#include "tests/environment.h"
#include "tests/ops/close.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

using Random = std::mt19937_64;

int64_t pick(Random& random, int64_t low, int64_t high) {  // low <= result <= high
  return std::uniform_int_distribution<int64_t>(low, high)(random);
}

// The same numbers on every device.
Tensor numbers(const Shape& shape, int64_t period) {
  return (cast(remainder(iota(shape), period), f64) - static_cast<double>(period / 2)) / 8.0;
}

// One random operation on [N, C, H, W] values; undefined when it does not fit.
Tensor random_operation(Random& random, const Tensors& values) {
  const auto any = [&] {
    return values[static_cast<size_t>(pick(random, 0, static_cast<int64_t>(values.size()) - 1))];
  };
  const Tensor x = any();
  const int64_t channels = x.shape(1), pixels = x.shape(2) * x.shape(3);
  switch (pick(random, 0, 16)) {
    case 0:
    case 1:
    case 2: {
      const int64_t kernel = pick(random, 0, 1) * 2 + 1;
      return conv2d(x, numbers({pick(random, 1, 4), channels, kernel, kernel}, 7), {},
                    {.padding = kernel / 2});
    }
    case 3:
      return relu(x);
    case 4:
      return x * 0.5 + any();
    case 5:
      return x * numbers({1, channels, 1, 1}, 5) + numbers({channels, x.shape(2), x.shape(3)}, 11);
    case 6: {
      Shape axes;
      for (int i = 0; i < 4; ++i) {
        if (pick(random, 0, 1) == 1) axes.push_back(i);
      }
      const Tensor s = mean(x, axes, true);
      return pick(random, 0, 2) == 0 ? s : x - s;
    }
    case 7:
      return softmax(x, pick(random, 0, 3));
    case 8:
      return pixels > 1 ? max_pool2d(x, std::min<int64_t>({2, x.shape(2), x.shape(3)})) : Tensor();
    case 9:
      return cat({x, any()}, pick(random, 0, 3));
    case 10: {
      const Shape order = pick(random, 0, 1) ? Shape{0, 1, 3, 2} : Shape{0, 2, 3, 1};
      return permute(x, order);
    }
    case 11:
      return slice(x, pick(random, 0, 3),
                   {.start = pick(random, 0, 1), .step = pick(random, 1, 2)});
    case 12:
      return flip(pad_zeros(x, {0, pick(random, 0, 1), 1, 0}, {0, 0, 0, pick(random, 0, 1)}),
                  {pick(random, 1, 3)});
    case 13:
      return reshape(x, {x.shape(0), 1, channels * x.shape(2), x.shape(3)});
    case 14:
      return reshape(x, {x.shape(0), x.shape(3), x.shape(2), channels});
    case 15:
      return group_norm(x, channels % 2 == 0 ? 2 : 1);
    case 16:
      return pixels > 0 ? interpolate(x, {.scale_factor = {2.0}, .mode = Interpolation::bilinear})
                        : Tensor();
    default:
      return {};
  }
}

// Builds a graph and evaluates some of its values together.
Tensors build(uint64_t seed, Device device) {
  const OnDevice on(device);
  Random random(seed);
  Tensors inputs;
  for (int64_t i = pick(random, 1, 2); i > 0; --i) {
    const Shape shape{pick(random, 1, 2), pick(random, 1, 4), pick(random, 1, 5),
                      pick(random, 1, 5)};
    inputs.push_back(fresh_leaf(numbers(shape, 9).eval()));
  }
  Tensors values = inputs;
  for (int64_t i = pick(random, 2, 14); i > 0; --i) {
    try {
      const Tensor y = random_operation(random, values);
      if (y.defined() && y.numel() > 0 && y.numel() <= 2000) values.push_back(y);
    } catch (const Error&) {  // shapes that do not fit
    }
  }
  // Most values lie between convolutions.
  for (int64_t i = pick(random, 1, 3); i > 0; --i) {
    const Tensor& x = values[static_cast<size_t>(
        std::max<int64_t>(0, static_cast<int64_t>(values.size()) - pick(random, 1, 4)))];
    values.push_back(conv2d(x, numbers({3, x.shape(1), 1, 1}, 7)));
  }
  Tensors targets{values.back()};
  for (const Tensor& value : values) {
    if (pick(random, 0, 9) == 0) targets.push_back(value);
  }
  if (pick(random, 0, 3) > 0) {
    for (const Tensor& dx :
         grad(values.back(), inputs, {.seed = values.back(), .allow_unused = true}))
      targets.push_back(dx);
  }
  if (pick(random, 0, 7) > 0) values.clear();  // otherwise every value in between stays held
  pick(random, 0, 1) ? eval_and_release(targets) : eval(targets);
  return targets;
}

}  // namespace

TEST_SUITE("core/layout_fuzz") {
  TEST_CASE("random graphs have the same values with and without channels-last memory") {
    // TESSERA_FUZZ=20000 tries more graphs, TESSERA_FUZZ_FIRST starts elsewhere.
    const uint64_t first = from_environment("TESSERA_FUZZ_FIRST", 1),
                   count = from_environment("TESSERA_FUZZ", 2000);
    const WithHostGpu gpu(HostGpuMode::collecting);  // the processor computes: nothing is compiled
    for (uint64_t seed = first; seed < first + count; ++seed) {
      const Tensors expected = build(seed, Device::cpu()), actual = build(seed, host_gpu());
      REQUIRE(actual.size() == expected.size());
      for (size_t i = 0; i < actual.size(); ++i) {
        const std::string what = difference(to(actual[i], Device::cpu()), expected[i], 1e-9);
        CHECK_MESSAGE(what.empty(), fmt::format("graph {}, result {} of shape {}: {}", seed, i,
                                                expected[i].shape(), what));
      }
    }
  }
}
