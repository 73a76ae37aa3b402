#include "autograd/gradcheck.h"

#include <cmath>

#include <doctest/doctest.h>

#include "autograd/function.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "ops/unary.h"
#include "tests/ops/samples.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

// x * x whose gradient is wrong in element 2 of x only, by `error`.
TensorFunction square_with_error(double error) {
  return [error](const Tensors& inputs) {
    return custom_gradient(
        [](const Tensors& x) { return Tensors{x[0] * x[0]}; },
        [error](const Tensors& x, const Tensors&, const Tensors& dy) {
          return Tensors{2.0 * x[0] * dy[0] + tensor({0, 0, error, 0}, {4}, f64) * dy[0]};
        },
        {inputs[1]})[0];
  };
}

}  // namespace

TEST_SUITE("autograd/gradcheck") {
  TEST_CASE("a right gradient passes") {
    const TensorFunction f = [](const Tensors& x) { return exp(x[0]) * x[1]; };
    const GradcheckResult result = gradcheck(f, {uniform({2, 3}), uniform({3}, 1, 2, 1)});
    CHECK(result.ok);
    CHECK(static_cast<bool>(result));
    CHECK(result.report.substr(0, 3) == "ok:");
    CHECK(gradgradcheck(f, {uniform({2, 3}), uniform({3}, 1, 2, 1)}).ok);
  }

  TEST_CASE("a wrong gradient is found and its element named") {
    const Tensors inputs = {integers({2}, 0, 5), uniform({4}, 1, 2)};
    CHECK(gradcheck(square_with_error(0), inputs).ok);
    const GradcheckResult result = gradcheck(square_with_error(0.01), inputs);
    CHECK_FALSE(result.ok);
    CHECK(result.input == 1);
    CHECK(result.element == 2);
    CHECK(result.analytic != doctest::Approx(result.numeric));
    CHECK(result.report.find("wrong gradient: worst at input 1 [4] element 2") == 0);
  }

  TEST_CASE("a gradient that is right only to first order is found") {
    // The gradient is detached from x.
    const TensorFunction f = [](const Tensors& x) {
      return custom_gradient([](const Tensors& a) { return Tensors{a[0] * a[0]}; },
                             [](const Tensors& a, const Tensors&, const Tensors& dy) {
                               return Tensors{2.0 * detached(a[0]) * dy[0]};
                             },
                             x)[0];
    };
    CHECK(gradcheck(f, {uniform({3}, 1, 2)}).ok);
    CHECK_FALSE(gradgradcheck(f, {uniform({3}, 1, 2)}).ok);
  }

  TEST_CASE("nan is a wrong gradient") {
    const TensorFunction f = [](const Tensors& x) { return sqrt(x[0]); };
    CHECK_FALSE(gradcheck(f, {tensor({1, -1}, {2}, f64)}).ok);
  }

  TEST_CASE("without elements there is nothing to check") {
    const TensorFunction f = [](const Tensors& x) { return exp(x[0]); };
    CHECK(gradcheck(f, {uniform({0, 3})}).report == "no elements to check");
  }

  TEST_CASE("only f64 can be checked") {
    const TensorFunction f = [](const Tensors& x) { return cast(exp(x[0]), f32); };
    CHECK_THROWS_WITH_AS(gradcheck(f, {tensor({1}, {1})}),
                         doctest::Contains("floating inputs must be f64, input 0 is f32"), Error);
    CHECK_THROWS_WITH_AS(gradcheck(f, {uniform({1})}),
                         doctest::Contains("the function must return f64, got f32"), Error);
  }
}
