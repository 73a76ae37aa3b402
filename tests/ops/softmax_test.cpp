#include "ops/softmax.h"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/evaluator.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <class F>
void add_samples(SampleList& list, F f) {
  for (const int axis : {0, 1, -1}) {
    list.push_back({"an axis of three",
                    [=](const Tensors& x) { return f(x[0], axis); },
                    {uniform({2, 3, 4}, -2, 2)}});
  }
  list.push_back({"ties",
                  [=](const Tensors& x) { return f(x[0] * 0.0 + x[0], 0); },
                  {tensor({1, 1, 1, 0}, {4}, f64)}});
  list.push_back({"one element", [=](const Tensors& x) { return f(x[0], 0); }, {uniform({1})}});
  list.push_back({"a number", [=](const Tensors& x) { return f(x[0], -1); }, {uniform({})}});
  list.push_back({"empty axis", [=](const Tensors& x) { return f(x[0], 1); }, {uniform({2, 0})}});
}

int64_t steps_of(const Tensors& targets) {
  const int64_t before = evaluator_stats().steps;
  eval(targets);
  return evaluator_stats().steps - before;
}

}  // namespace

SAMPLES(softmax) {
  add_samples(list, [](const Tensor& x, int axis) { return softmax(x, axis); });
}

SAMPLES(log_softmax) {
  add_samples(list, [](const Tensor& x, int axis) { return log_softmax(x, axis); });
}

SAMPLES(softmin) {
  add_samples(list, [](const Tensor& x, int axis) { return softmin(x, axis); });
}

TEST_SUITE("ops/softmax") {
  TEST_CASE("by hand") {
    const Tensor x = tensor({0, std::log(3.0)}, {2}, f64);
    const auto y = softmax(x, 0).to_vector<double>();
    CHECK(y[0] == doctest::Approx(0.25));
    CHECK(y[1] == doctest::Approx(0.75));
    CHECK(log_softmax(x, 0).to_vector<double>()[0] == doctest::Approx(std::log(0.25)));
    CHECK(softmin(x, 0).to_vector<double>()[0] == doctest::Approx(0.75));
    CHECK(softmax(tensor({1, 1}, {2}, i64), 0).dtype() == f32);
  }

  TEST_CASE("extremes") {
    const auto of = [](double a, double b) {
      return softmax(tensor({a, b}, {2}), 0).to_vector<double>();
    };
    CHECK(of(300, -300) == std::vector<double>{1, 0});
    CHECK(of(-1e30, -1e30) == std::vector<double>{0.5, 0.5});
    CHECK(of(-kInfinity, 0) == std::vector<double>{0, 1});
    CHECK(std::isnan(of(-kInfinity, -kInfinity)[0]));
    CHECK(std::isnan(of(kInfinity, 0)[0]));
    CHECK(log_softmax(tensor({300, -300}, {2}), 0).to_vector<double>()[1] == -600);
  }

  TEST_CASE("one pass over memory along any axis") {
    const Tensor x = variable(uniform({6, 50}, -1, 1).eval());
    const Tensor weight = uniform({6, 50}, -1, 1, 1).eval();
    for (const int axis : {0, 1}) {
      CHECK(steps_of({softmax(x, axis)}) == 1);
      CHECK(steps_of({log_softmax(x, axis)}) == 1);
      CHECK(steps_of({grad(sum(softmax(x, axis) * weight), x)}) <= 3);  // and that of the product
      CHECK(steps_of({grad(sum(log_softmax(x, axis) * weight), x)}) <= 3);
    }
  }

  TEST_CASE("the same as torch") {
    const Oracle oracle("softmax");
    for (const int axis : {0, 1, 2}) {
      oracle.check("softmax " + std::to_string(axis),
                   [&](const Tensors& x) { return softmax(x[0], axis); });
      oracle.check("log_softmax " + std::to_string(axis),
                   [&](const Tensors& x) { return log_softmax(x[0], axis); });
    }
  }

  TEST_CASE("misuse") {
    CHECK_THROWS_AS(softmax(uniform({2, 3}), 2), Error);
    CHECK_THROWS_AS(log_softmax(Tensor(), 0), Error);
  }
}
