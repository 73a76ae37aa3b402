#include "autograd/function.h"

#include <cmath>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "autograd/gradcheck.h"
#include "core/error.h"
#include "core/evaluator.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/unary.h"
#include "tests/ops/samples.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

// e^x, whose gradient uses the result.
struct Exponential : Function {
  Tensors forward(const Tensors& x) override { return {exp(x[0])}; }
  Tensors backward(const Tensors&, const Tensors& y, const Tensors& dy) override {
    return {dy[0] * y[0]};
  }
  std::string_view name() const override { return "exponential"; }
};

// (a * b, a + b, [a > 0]); counts how often backward runs.
struct Several : Function {
  Tensors forward(const Tensors& x) override { return {x[0] * x[1], 0.0 < x[0], x[0] + x[1]}; }
  Tensors backward(const Tensors& x, const Tensors&, const Tensors& dy) override {
    ++calls;
    CHECK_FALSE(dy[1].defined());
    return {dy[0] * x[1] + dy[2], dy[0] * x[0] + dy[2]};
  }
  int calls = 0;
};

// A square in plain C++.
struct HostSquare : Function {
  Tensors forward(const Tensors& x) override {
    std::vector<double> y;
    for (const double v : x[0].data<double>()) y.push_back(v * v);
    return {tensor<double>(y, x[0].shape())};
  }
  Tensors backward(const Tensors& x, const Tensors&, const Tensors& dy) override {
    std::vector<double> dx;
    for (int64_t i = 0; i < x[0].numel(); ++i)
      dx.push_back(2 * x[0].data<double>()[i] * dy[0].data<double>()[i]);
    return {tensor<double>(dx, x[0].shape())};
  }
};

// Keeps the sign that forward sees, for backward.
struct Magnitude : Function {
  Tensors forward(const Tensors& x) override {
    negative = x[0] < 0.0;
    return {where(negative, -x[0], x[0])};
  }
  Tensors backward(const Tensors&, const Tensors&, const Tensors& dy) override {
    return {where(negative, -dy[0], dy[0])};
  }
  Tensor negative;
};

Tensors identity(const Tensors& x) {
  return x;
}

}  // namespace

TEST_SUITE("autograd/function") {
  TEST_CASE("the hand-written gradient is used, to any order") {
    const auto f = [](const Tensors& x) {
      return apply_function(std::make_shared<Exponential>(), x)[0];
    };
    const Tensor x = variable(tensor({0.5, -1}, {2}, f64));
    const Tensor y = f({x});
    CHECK(y.to_vector<double>()[0] == std::exp(0.5));
    Tensor d = y;
    for (int order = 1; order <= 4; ++order) {
      d = grad(d, x);
      CHECK(d.to_vector<double>()[1] == std::exp(-1.0));
    }
    CHECK(gradcheck(f, {uniform({2, 3})}).ok);
    CHECK(gradgradcheck(f, {uniform({2, 3})}).ok);
  }

  TEST_CASE("lazy and eager give the same") {
    const Tensor x = variable(tensor({0.5, -1}, {2}, f64));
    const Eager eager;
    const Tensor y = apply_function(std::make_shared<Exponential>(), {x})[0];
    CHECK(y.node()->evaluated());
    const Tensor dx = grad(sum(y * y), x);
    CHECK(grad(dx, x).to_vector<double>()[0] == doctest::Approx(4 * std::exp(1.0)));
  }

  TEST_CASE("backward runs once for several results") {
    const auto several = std::make_shared<Several>();
    const Tensor a = variable(tensor({2, -3}, {2}, f64)), b = variable(tensor({5, 7}, {2}, f64));
    const Tensors y = apply_function(several, {a, b});
    CHECK(y[1].dtype() == bool_);
    CHECK(y[1].to_vector<bool>() == std::vector<bool>{true, false});
    const Tensors d = grad(sum(y[0] * y[2]), {a, b});  // ab (a + b)
    CHECK(several->calls == 1);
    CHECK(d[0].to_vector<double>() == std::vector<double>{2 * 2 * 5 + 25, -2 * 3 * 7 + 49});
    CHECK(d[1].to_vector<double>() == std::vector<double>{4 + 2 * 2 * 5, 9 - 2 * 3 * 7});
    const TensorFunction f = [](const Tensors& x) {
      const Tensors z = apply_function(std::make_shared<Several>(), x);
      return z[0] * z[2];
    };
    CHECK(gradcheck(f, {uniform({3}), uniform({3}, 1, 2, 1)}).ok);
    CHECK(gradgradcheck(f, {uniform({3}), uniform({3}, 1, 2, 1)}).ok);
  }

  TEST_CASE("results that are not used have zero gradients") {
    const Tensor a = variable(tensor({2}, {1}, f64)), b = variable(tensor({5}, {1}, f64));
    const Tensors y = apply_function(std::make_shared<Several>(), {a, b});
    CHECK(grad(y[2], a).item() == 1);
    CHECK(grad(y[0], a).item() == 5);
  }

  TEST_CASE("results of several dtypes and shapes travel together") {
    const Tensor a = variable(tensor({2, 3}, {1, 2})), b = variable(tensor({1}, {}, bf16));
    const Tensors y = custom_gradient(identity,
                                      [](const Tensors&, const Tensors&, const Tensors& dy) {
                                        CHECK(dy[0].dtype() == f32);
                                        CHECK(dy[1].dtype() == bf16);
                                        CHECK(dy[1].shape() == Shape{});
                                        return dy;
                                      },
                                      {a, b});
    const Tensors d = grad(sum(y[0] * y[0]) + y[1], {a, b});
    CHECK(d[0].to_vector<float>() == std::vector<float>{4, 6});
    CHECK(d[1].item() == 1);
  }

  TEST_CASE("forward and backward may be code that reads the elements") {
    const auto f = [](const Tensors& x) {
      return apply_function(std::make_shared<HostSquare>(), x)[0];
    };
    CHECK(gradcheck(f, {uniform({4})}).ok);
    const Tensor x = variable(tensor({3}, {1}, f64));
    const Tensor y = f({x + 1.0});
    CHECK(grad(y, x).item() == 8);
  }

  TEST_CASE("an object keeps state between forward and backward") {
    const auto f = [](const Tensors& x) {
      return apply_function(std::make_shared<Magnitude>(), x)[0];
    };
    CHECK(gradcheck(f, {distinct({5})}).ok);
  }

  TEST_CASE("undefined gradients are zero") {
    const Tensor a = variable(tensor({2}, {1})), b = variable(tensor({5}, {1}));
    const Tensor y = custom_gradient([](const Tensors& x) { return Tensors{x[0] * x[1]}; },
                                     [](const Tensors&, const Tensors&, const Tensors& dy) {
                                       return Tensors{dy[0], Tensor()};
                                     },
                                     {a, b})[0];
    const Tensors d = grad(y + b, {a, b});
    CHECK(d[0].item() == 1);
    CHECK(d[1].item() == 1);
  }

  TEST_CASE("constant arguments and NoGrad leave only forward") {
    const Tensor x = variable(tensor({2}, {1}, f64));
    CHECK(apply_function(std::make_shared<Exponential>(), {detach(x)})[0].node()->constant);
    const NoGrad no_grad;
    CHECK(apply_function(std::make_shared<Exponential>(), {x})[0].node()->constant);
  }

  TEST_CASE("what forward computed is freed, and the value is computed once") {
    const Tensor x = variable(uniform({1000}));
    const int64_t nodes = memory_stats().nodes;
    {
      const Tensor y = custom_gradient(
          [](const Tensors& in) { return Tensors{exp(exp(exp(in[0])))}; },
          [](const Tensors&, const Tensors&, const Tensors& dy) { return dy; }, {x})[0];
      y.eval();
      CHECK(memory_stats().nodes <= nodes + 3);  // the result, its value and the call
      const int64_t steps = evaluator_stats().steps;
      sum(y).eval();
      CHECK(evaluator_stats().steps == steps + 1);
      CHECK(grad(y, x).to_vector<double>()[0] == 1);
    }
    CHECK(memory_stats().nodes == nodes);
  }

  TEST_CASE("an argument that is not read is not computed") {
    const Tensor x = variable(tensor({2}, {1}));
    const Tensor unread = exp(x);
    const Tensor y = custom_gradient(
        [](const Tensors&) { return Tensors{tensor({1}, {1})}; },
        [](const Tensors&, const Tensors&, const Tensors& dy) { return Tensors{dy[0] * 3.0}; },
        {unread})[0];
    CHECK(y.item() == 1);
    CHECK_FALSE(unread.node()->evaluated());
    CHECK(grad(y, x).item() == doctest::Approx(3 * std::exp(2.0)));
  }

  TEST_CASE("a long chain of calls needs no deep recursion") {
    const Tensor x = variable(tensor({1}, {1}, f64));
    Tensor y = x;
    for (int i = 0; i < 12000; ++i) {
      y = custom_gradient(
          identity, [](const Tensors&, const Tensors&, const Tensors& dy) { return dy; }, {y})[0];
    }
    CHECK(grad(y, x).item() == 1);
  }

  TEST_CASE("wrong functions are named") {
    const Tensor x = variable(tensor({2, 3}, {2}));
    CHECK_THROWS_AS(apply_function(std::shared_ptr<Function>(), {x}), Error);
    CHECK_THROWS_WITH_AS(apply_function(std::make_shared<Exponential>(), {Tensor()}),
                         doctest::Contains("exponential: argument 0 is undefined"), Error);
    const auto nothing = [](const Tensors&) { return Tensors{Tensor()}; };
    const auto none = [](const Tensors&, const Tensors&, const Tensors&) { return Tensors{}; };
    CHECK_THROWS_WITH_AS(custom_gradient(nothing, none, {x}), doctest::Contains("result 0"), Error);
    const Tensor few = custom_gradient(identity, none, {x})[0];
    CHECK_THROWS_WITH_AS(grad(few, x),
                         doctest::Contains("function returned 0 gradients for 1 inputs"), Error);
    const Tensor shaped = custom_gradient(
        identity,
        [](const Tensors&, const Tensors&, const Tensors&) { return Tensors{tensor({1}, {1})}; },
        {x})[0];
    CHECK_THROWS_WITH_AS(grad(shaped, x), doctest::Contains("shape [1] for an input of shape [2]"),
                         Error);
  }
}
