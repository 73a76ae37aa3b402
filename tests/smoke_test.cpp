#include <cmath>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/unary.h"

using namespace tessera;

TEST_CASE("smoke") {
  const Tensor x = tensor({1, 2, 3, 4, 5, 6}, {2, 3});
  const Tensor y = exp(x * 2.0 - 1.0) / 3;
  CHECK(y.shape() == Shape{2, 3});
  const auto v = y.to_vector<double>();
  for (int i = 0; i < 6; ++i) CHECK(v[i] == doctest::Approx(std::exp((i + 1) * 2.0 - 1) / 3));
  CHECK(sum(x).item() == 21);
  const Tensor c = sum(permute(x, {1, 0}) * 2, {0});
  CHECK(c.to_vector<double>() == std::vector<double>{12, 30});
  const Tensor p = pad_zeros(exp(x), {1, 0}, {0, 2});
  CHECK(p.shape() == Shape{3, 5});
  CHECK(p.to_vector<double>()[0] == 0);
  CHECK(p.to_vector<double>()[5] == doctest::Approx(std::exp(1)));
  const Tensor s = slice(x, 1, {.step = -2});
  CHECK(s.to_vector<double>() == std::vector<double>{3, 1, 6, 4});
  const Tensor m = exp(x) / sum(exp(x), {1}, true);
  CHECK(sum(m).item() == doctest::Approx(2));
}

TEST_CASE("grad smoke") {
  const Tensor x = variable(tensor({1, 2, 3, 4, 5, 6}, {2, 3}, f64));
  const Tensor y = sum(exp(x) * x);
  const Tensor g = grad(y, x);
  const Tensor h = grad(sum(g), x);
  const auto gv = g.to_vector<double>(), hv = h.to_vector<double>();
  for (int i = 0; i < 6; ++i) {
    CHECK(gv[i] == doctest::Approx(std::exp(i + 1) * (i + 2)));
    CHECK(hv[i] == doctest::Approx(std::exp(i + 1) * (i + 3)));
  }
  x.update(x - 0.1 * g);
  CHECK(x.to_vector<double>()[0] == doctest::Approx(1 - 0.1 * std::exp(1) * 2));
  CHECK_THROWS(grad(y, x));
}

TEST_CASE("a loop holds constant nodes") {
  Tensor x = tensor({1, 2, 3}, {3});
  const auto before = memory_stats().nodes;
  for (int i = 0; i < 100000; ++i) x = x * 0.5 + 1.0;
  CHECK(sum(x).item() == doctest::Approx(6));
  CHECK(memory_stats().nodes < before + 30000);
  for (int i = 0; i < 1000; ++i) {
    x = x * 0.5 + 1.0;
    x.eval();
  }
  CHECK(memory_stats().nodes < before + 10);
  const Tensor p = variable(x);
  for (int i = 0; i < 1000; ++i) {
    const Tensor loss = sum(p * p);
    const Tensor g = grad(loss, p);
    p.update(p - 0.1 * g);
    const Tensor t[] = {p, loss};
    eval_and_release(t);
  }
  CHECK(memory_stats().nodes < before + 10);
}
