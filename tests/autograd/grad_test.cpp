#include "autograd/grad.h"

#include <cmath>

#include <doctest/doctest.h>

#include "autograd/gradcheck.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/unary.h"

using namespace tessera;

namespace {

using Doubles = std::vector<double>;

Tensor number(double value) {
  return variable(tensor({value}, {}, f64));
}

}  // namespace

TEST_SUITE("autograd/grad") {
  TEST_CASE("a gradient worked out by hand") {
    const Tensor x = variable(tensor({1, 2, 3}, {3}, f64));
    const Tensors d = grad(sum(x * x * 2.0), Tensors{x});
    CHECK(d[0].to_vector<double>() == Doubles{4, 8, 12});
    CHECK(d[0].dtype() == f64);
  }

  TEST_CASE("contributions of all uses add up") {
    const Tensor x = number(3);
    CHECK(grad(x + x * x + x * x * x, x).item() == 1 + 6 + 27);
    Tensor y = x;
    for (int i = 0; i < 99; ++i) y = y + x;
    CHECK(grad(y, x).item() == 100);
  }

  TEST_CASE("a ladder of diamonds is walked once for each node") {
    const Tensor x = number(1);
    Tensor y = x;
    for (int i = 0; i < 60; ++i) y = (y + y) * 0.5;  // 2^60 paths
    CHECK(grad(y, x).item() == 1);
  }

  TEST_CASE("gradients of gradients of any order") {
    const Tensor x = number(2);
    Tensor d = x * x * x * x;
    const Doubles expected = {32, 48, 48, 24, 0};
    for (size_t order = 0; order < 4; ++order) {
      d = grad(d, x);
      CHECK(d.item() == expected[order]);
    }
    CHECK(grad(exp(x), x).item() == exp(x).item());
  }

  TEST_CASE("a gradient through an update, as in MAML") {
    // Inner step w' = w - a dL/dw with L = (w - c)^2; outer loss w'^2.
    const double a = 0.1, c = 5;
    const Tensor w = number(2);
    const Tensor inner = (w - c) * (w - c);
    const Tensor stepped = w - a * grad(inner, w);
    const double value = 2 - a * 2 * (2 - c);
    CHECK(stepped.item() == doctest::Approx(value));
    CHECK(grad(stepped * stepped, w).item() == doctest::Approx(2 * value * (1 - 2 * a)));
  }

  TEST_CASE("a Hessian-vector product") {
    const Tensor x = variable(tensor({1, 2}, {2}, f64)), v = tensor({3, -1}, {2}, f64);
    const Tensor f = sum(x * x * x);
    CHECK(grad(sum(grad(f, x) * v), x).to_vector<double>() == Doubles{18, -12});
  }

  TEST_CASE("the seed weighs the elements of y") {
    const Tensor x = variable(tensor({1, 2, 3}, {3}, f64));
    const Tensor seed = tensor({1, 0, -2}, {3}, f64);
    CHECK(grad(x * x, x, {.seed = seed}).to_vector<double>() == Doubles{2, 0, -12});
    CHECK(grad(x * x, x).to_vector<double>() == Doubles{2, 4, 6});
    CHECK_THROWS_WITH_AS(grad(x * x, x, {.seed = tensor({1}, {1}, f64)}),
                         doctest::Contains("the seed must have the shape [3] of y, got [1]"),
                         Error);
  }

  TEST_CASE("the gradient with respect to y itself is the seed") {
    const Tensor y = number(3) * 2.0;
    CHECK(grad(y, y).item() == 1);
  }

  TEST_CASE("an intermediate tensor and what it came from") {
    const Tensor x = number(3);
    const Tensor z = x * x;
    const Tensors d = grad(z * z + x, {x, z});
    CHECK(d[0].item() == 4 * 27 + 1);
    CHECK(d[1].item() == 18);
    const Tensors partial = vjp({z * z + x}, {x, z}, {tensor({1}, {}, f64)});
    CHECK(partial[0].item() == 1);
    CHECK(partial[1].item() == 18);
  }

  TEST_CASE("vjp sums over several results and leaves out what they do not use") {
    const Tensor x = number(3), unused = number(1);
    const Tensors d = vjp({x * x, exp(x)}, {x, unused}, {number(1), number(2)});
    CHECK(d[0].item() == doctest::Approx(6 + 2 * std::exp(3.0)));
    CHECK_FALSE(d[1].defined());
    CHECK_THROWS_AS(vjp({x}, {x}, {}), Error);
    CHECK_THROWS_AS(vjp({x}, {x}, {tensor({1}, {1}, f64)}), Error);
  }

  TEST_CASE("values asked for early change nothing") {
    const Tensor x = number(1.5);
    const Tensor h = exp(x * x);
    CHECK(h.item() == std::exp(2.25));
    const Tensor early = grad(h * h, x);
    CHECK(early.item() == doctest::Approx(4 * 1.5 * std::exp(4.5)));
    CHECK(grad(early, x).item() == doctest::Approx((4 + 16 * 2.25) * std::exp(4.5)));
  }

  TEST_CASE("chains of 100000 operations need no deep recursion") {
    const Tensor x = number(1);
    Tensor y = x;
    for (int i = 0; i < 100000; ++i) y = y + 1.0;
    CHECK(grad(y, x).item() == 1);
    CHECK(y.item() == 100001);
  }

  TEST_CASE("detach ends gradients and NoGrad records none") {
    const Tensor x = number(3);
    CHECK(grad(x * detach(x), x).item() == 3);
    CHECK(grad(x * stop_grad(x * x), x).item() == 9);
    const NoGrad no_grad;
    const Tensor y = x * x;
    CHECK_THROWS_AS(grad(y, x), Error);
    {
      const EnableGrad enable;
      CHECK(grad(x * x, x).item() == 6);
    }
    CHECK_THROWS_AS(grad(x * x, x), Error);
  }

  TEST_CASE("gradients taken under NoGrad are constants") {
    const Tensor x = number(3);
    const Tensor y = x * x;
    Tensor d;
    {
      const NoGrad no_grad;
      d = grad(y, x);
    }
    CHECK(d.item() == 6);
    CHECK_THROWS_AS(grad(d, x), Error);
  }

  TEST_CASE("an updated variable is a new start") {
    const Tensor w = number(3);
    const Tensor before = w * w;
    w.update(w - 1.0);
    CHECK(w.item() == 2);
    CHECK(grad(w * w, w).item() == 4);
    CHECK(before.item() == 9);
    CHECK_THROWS_WITH_AS(grad(before, w), doctest::Contains("updated since y was computed"), Error);
  }

  TEST_CASE("a path that is missing is an error, or zero when allowed") {
    const Tensor x = number(3), other = number(1);
    CHECK_THROWS_WITH_AS(grad(x * x, other), doctest::Contains("no path leads from x"), Error);
    const Tensors d = grad(x * x, {x, other}, {.allow_unused = true});
    CHECK(d[0].item() == 6);
    CHECK(d[1].item() == 0);
  }

  TEST_CASE("integers have no gradient") {
    const Tensor i = tensor({1, 2}, {2}, i64), x = variable(tensor({1, 2}, {2}));
    CHECK_THROWS_WITH_AS(grad(i + i, x), doctest::Contains("y must be floating, got i64 [2]"),
                         Error);
    CHECK_THROWS_WITH_AS(grad(x * x, i), doctest::Contains("integers have no gradient"), Error);
    CHECK_THROWS_AS(grad(cast(cast(x, i64), f32), x), Error);
    CHECK(grad(x * i, x).to_vector<double>() == Doubles{1, 2});
  }

  TEST_CASE("undefined tensors are errors") {
    const Tensor x = number(1);
    CHECK_THROWS_AS(grad(Tensor(), x), Error);
    CHECK_THROWS_AS(grad(x, Tensor()), Error);
  }

  TEST_CASE("a gradient has the dtype of its x") {
    const Tensor x = variable(tensor({1, 2}, {2}, bf16)), w = variable(tensor({3, 4}, {2}));
    const Tensors d = grad(sum(x * w), {x, w});
    CHECK(d[0].dtype() == bf16);
    CHECK(d[1].dtype() == f32);
    CHECK(d[0].to_vector<double>() == Doubles{3, 4});
  }
}
