#include "autograd/checkpoint.h"

#include <cmath>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "autograd/gradcheck.h"
#include "core/error.h"
#include "core/random.h"
#include "core/settings.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "ops/unary.h"
#include "tests/ops/samples.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

constexpr int64_t kSize = 1 << 16;
constexpr int kSegments = 8, kSteps = 4;

// Steps whose backward needs all of their intermediate values; a reduction keeps the fuser from
// computing them again on its own.
Tensor steps(Tensor h, const Tensor& w) {
  for (int i = 0; i < kSteps; ++i) h = exp(neg(h * w)) / (1.0 + sum(h * h) / 1e6);
  return h;
}

struct Measured {
  std::vector<double> value, dx, dw;
  int64_t peak = 0;  // bytes above what was there before
};

Measured measure(bool checkpointed, bool value_first) {
  const Tensor x = variable(uniform({kSize}, 0.1, 1)), w = variable(tensor({0.7}, {1}, f64));
  eval({x, w});
  reset_peak_memory();
  const int64_t before = memory_stats().live;
  Measured result;
  {
    Tensor h = x;
    for (int s = 0; s < kSegments; ++s) {
      if (checkpointed) {
        h = checkpoint([&](const Tensors& a) { return Tensors{steps(a[0], w)}; }, {h})[0];
      } else {
        h = steps(h, w);
      }
    }
    const Tensor loss = sum(h);
    if (value_first) loss.eval();
    const Tensors d = grad(loss, {x, w});
    eval_and_release(Tensors{loss, d[0], d[1]});
    result.peak = memory_stats().peak - before;
    result.value = loss.to_vector<double>();
    result.dx = d[0].to_vector<double>();
    result.dw = d[1].to_vector<double>();
  }
  return result;
}

}  // namespace

TEST_SUITE("autograd/checkpoint") {
  TEST_CASE("same bits in less memory") {
    for (const bool value_first : {false, true}) {
      CAPTURE(value_first);
      const Measured plain = measure(false, value_first), saving = measure(true, value_first);
      CHECK(saving.value == plain.value);
      CHECK(saving.dx == plain.dx);
      CHECK(saving.dw == plain.dw);
      CAPTURE(plain.peak / (kSize * 8));
      CAPTURE(saving.peak / (kSize * 8));
      CHECK(saving.peak < 0.6 * plain.peak);
    }
  }

  TEST_CASE("eager evaluation gives the same bits") {
    const Measured lazy = measure(true, false);
    const Eager eager;
    const Measured now = measure(true, false);
    CHECK(now.value == lazy.value);
    CHECK(now.dx == lazy.dx);
    CHECK(now.dw == lazy.dw);
  }

  TEST_CASE("first and second derivatives agree with finite differences") {
    const TensorFunction f = [](const Tensors& x) {
      const Tensors y = checkpoint(
          [w = x[1]](const Tensors& a) {
            return Tensors{exp(a[0]) * w, a[0] * a[0]};  // w is captured
          },
          {x[0]});
      return y[0] * y[1] + x[0];
    };
    CHECK(gradcheck(f, {uniform({3}), uniform({3}, 1, 2, 1)}).ok);
    CHECK(gradgradcheck(f, {uniform({3}), uniform({3}, 1, 2, 1)}).ok);
  }

  TEST_CASE("random numbers are the same when computed again") {
    const Tensor x = variable(uniform({50}));
    manual_seed(7);
    const Tensor y = checkpoint(
        [](const Tensors& a) {
          const Tensor factor = rand({50}, f64);
          return Tensors{a[0] * factor + rand({50}, f64)};
        },
        {x})[0];
    const Tensor after = rand({3});
    const Tensor factor = grad(y, x);
    const Tensor still_after = rand({3});
    manual_seed(7);
    CHECK(factor.to_vector<double>() == rand({50}, f64).to_vector<double>());
    rand({50}, f64);
    CHECK(after.to_vector<float>() == rand({3}).to_vector<float>());
    CHECK(still_after.to_vector<float>() == rand({3}).to_vector<float>());
  }

  TEST_CASE("a function can tell that it runs again") {
    std::vector<bool> runs;
    const Tensor x = variable(full({2}, 3.0));
    const auto fn = [&](const Tensors& args) {
      runs.push_back(recomputing());
      return Tensors{args[0] * args[0]};
    };
    const Tensor y = checkpoint(fn, {x})[0];
    CHECK(grad(sum(y), x).to_vector<float>() == std::vector<float>{6, 6});
    CHECK(runs == std::vector<bool>{false, true});
    CHECK_FALSE(recomputing());
  }

  TEST_CASE("one argument may be computed from another") {
    const Tensor x = variable(tensor({3}, {1}, f64));
    const Tensor z = x * x;
    const Tensor y = checkpoint([](const Tensors& a) { return Tensors{a[0] * a[1]}; }, {x, z})[0];
    CHECK(grad(y, x).item() == 27);
    CHECK(grad(grad(y, x), x).item() == 18);
  }

  TEST_CASE("any number of tensors can be captured") {
    Tensors weights;
    for (int i = 0; i < 100; ++i) weights.push_back(variable(tensor({1.0 + i}, {1}, f64)));
    const Tensor x = variable(tensor({2}, {1}, f64));
    const Tensor y = checkpoint(
        [&](const Tensors& a) {
          Tensor total = a[0];
          for (const Tensor& w : weights) total = total + w * a[0];
          return Tensors{total};
        },
        {x})[0];
    for (const Tensor& d : grad(y, weights)) CHECK(d.item() == 2);
    CHECK(grad(y, x).item() == 1 + 5050);
  }

  TEST_CASE("checkpoints nest") {
    const Tensor x = variable(tensor({0.5}, {1}, f64));
    const auto inner = [](const Tensors& a) { return Tensors{exp(a[0])}; };
    const Tensor y = checkpoint(
        [&](const Tensors& a) { return Tensors{checkpoint(inner, {a[0] * a[0]})[0] * a[0]}; },
        {x})[0];
    CHECK(grad(y, x).item() == doctest::Approx(std::exp(0.25) * 1.5));
  }

  TEST_CASE("results that are whole numbers pass through") {
    const Tensor x = variable(tensor({2, -1}, {2}, f64));
    const Tensors y = checkpoint(
        [](const Tensors& a) {
          return Tensors{a[0] < 0.0, a[0] * a[0]};
        },
        {x});
    CHECK(y[0].to_vector<bool>() == std::vector<bool>{false, true});
    CHECK(grad(y[1], x).to_vector<double>() == std::vector<double>{4, -2});
  }

  TEST_CASE("under NoGrad it is a plain call") {
    const Tensor x = variable(tensor({2}, {1}, f64));
    int calls = 0;
    const NoGrad no_grad;
    const Tensor y = checkpoint(
        [&](const Tensors& a) {
          ++calls;
          return Tensors{a[0] * a[0]};
        },
        {x})[0];
    CHECK(y.item() == 4);
    CHECK(calls == 1);
    CHECK(y.node()->constant);
  }

  TEST_CASE("an update before the gradient is an error") {
    const Tensor x = variable(tensor({2}, {1})), w = variable(tensor({3}, {1}));
    const Tensor y = checkpoint([&](const Tensors& a) { return Tensors{a[0] * w}; }, {x})[0];
    w.update(tensor({4}, {1}));
    CHECK_THROWS_WITH_AS(grad(y, x), doctest::Contains("before parameters are updated"), Error);
  }

  TEST_CASE("undefined arguments and results are errors") {
    const auto same = [](const Tensors& a) { return a; };
    CHECK_THROWS_WITH_AS(checkpoint(same, {Tensor()}), doctest::Contains("argument 0"), Error);
    CHECK_THROWS_WITH_AS(checkpoint([](const Tensors&) { return Tensors{Tensor()}; }, {}),
                         doctest::Contains("result 0"), Error);
  }
}
