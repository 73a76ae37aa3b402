#include "ops/dropout.h"

#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "tests/ops/samples.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

using Values = std::vector<double>;
using Dropout = Tensor (*)(const Operand&, double, bool);

void dropout_samples(SampleList& list, Dropout f, const Shape& shape) {
  for (const double p : {0.0, 0.4, 1.0}) {
    for (const bool training : {true, false}) {
      list.push_back({"p " + std::to_string(p) + (training ? "" : " inference"),
                      [=](const Tensors& x) {
                        manual_seed(3);
                        return f(x[0], p, training);
                      },
                      {uniform(shape)}});
    }
  }
}

}  // namespace

SAMPLES(dropout) {
  dropout_samples(list, dropout, {3, 5});
}
SAMPLES(dropout1d) {
  dropout_samples(list, dropout1d, {2, 3, 2});
}
SAMPLES(dropout2d) {
  dropout_samples(list, dropout2d, {2, 3, 1, 2});
}
SAMPLES(dropout3d) {
  dropout_samples(list, dropout3d, {3, 2, 2, 1});
}
SAMPLES(alpha_dropout) {
  dropout_samples(list, alpha_dropout, {3, 5});
}

TEST_SUITE("ops/dropout") {
  TEST_CASE("elements are dropped with probability p and the others scaled") {
    manual_seed(0);
    constexpr int64_t kMany = 100000;
    const Values y = dropout(ones({kMany}, f64), 0.2).to_vector<double>();
    const auto dropped = std::count(y.begin(), y.end(), 0.0);
    CHECK(dropped + std::count(y.begin(), y.end(), 1 / (1 - 0.2)) == kMany);
    CHECK(static_cast<double>(dropped) == doctest::Approx(0.2 * kMany).epsilon(0.03));
  }

  TEST_CASE("p = 0 and inference return x, p = 1 drops everything") {
    const Tensor x = tensor({1, 2, 3}, {3}, f64);
    CHECK(dropout(x, 0).node() == x.node());
    CHECK(dropout(x, 0.7, false).node() == x.node());
    CHECK(dropout(x, 1).to_vector<double>() == Values{0, 0, 0});
    CHECK(grad(sum(dropout(x, 1)), x).to_vector<double>() == Values{0, 0, 0});
  }

  TEST_CASE("the gradient passes through the same mask") {
    const Tensor x = uniform({1000}, 1, 2);
    const Tensor y = dropout(x, 0.5);
    CHECK(grad(y, x).to_vector<double>() == (y / x).to_vector<double>());
    const Tensor z = dropout(x, 0.5);
    const Values dz = grad(z, x).to_vector<double>();  // asked for before z
    const Values value = z.to_vector<double>();
    for (size_t i = 0; i < value.size(); ++i) CHECK((value[i] == 0) == (dz[i] == 0));
  }

  TEST_CASE("each call drops other elements, and the seed brings them back") {
    manual_seed(1);
    const Values a = dropout(ones({100})).to_vector<double>(),
                 b = dropout(ones({100})).to_vector<double>();
    CHECK(a != b);
    manual_seed(1);
    CHECK(dropout(ones({100})).to_vector<double>() == a);
  }

  TEST_CASE("channel dropout keeps or drops whole channels") {
    manual_seed(0);
    const auto check = [](const Tensor& y, int64_t channels) {
      const Values v = y.to_vector<double>();
      const size_t size = v.size() / static_cast<size_t>(channels);
      size_t dropped = 0;
      for (size_t i = 0; i < v.size(); ++i) {
        CHECK(v[i] == v[i / size * size]);
        dropped += v[i] == 0;
      }
      CHECK(dropped > 0);
      CHECK(dropped < v.size());
    };
    check(dropout1d(ones({4, 5, 3})), 20);
    check(dropout1d(ones({20, 3})), 20);
    check(dropout2d(ones({4, 5, 2, 3})), 20);
    check(dropout2d(ones({20, 2, 3})), 20);
    check(dropout3d(ones({4, 5, 2, 2, 3})), 20);
    check(dropout3d(ones({20, 2, 2, 3})), 20);
  }

  TEST_CASE("alpha dropout keeps mean 0 and variance 1") {
    manual_seed(0);
    const Tensor y = alpha_dropout(randn({200000}, f64), 0.3);
    const double mean = sum(y).item() / 200000, square = sum(y * y).item() / 200000;
    CHECK(std::abs(mean) < 0.01);
    CHECK(square == doctest::Approx(1).epsilon(0.02));
  }

  TEST_CASE("halves stay halves, and zero sizes are fine") {
    CHECK(dropout(ones({4}, bf16)).dtype() == bf16);
    CHECK(dropout(ones({0, 3})).shape() == Shape{0, 3});
    CHECK(dropout2d(ones({2, 3, 0, 4})).shape() == Shape{2, 3, 0, 4});
  }

  TEST_CASE("misuse is an error that names the function and the shapes") {
    CHECK_THROWS_WITH_AS(dropout(ones({2}), 1.5),
                         doctest::Contains("dropout: p must be in [0, 1], got 1.5"), Error);
    CHECK_THROWS_WITH_AS(
        dropout2d(ones({2, 3})),
        doctest::Contains("dropout2d: x must have 2 spatial axes after [N, C] or [C], got [2, 3]"),
        Error);
    CHECK_THROWS_AS(dropout(ones({2}), -0.1), Error);
    CHECK_THROWS_AS(dropout(ones({2}), std::nan("")), Error);
    CHECK_THROWS_AS(dropout(ones({2}, i64)), Error);
    CHECK_THROWS_AS(dropout(Tensor()), Error);
    CHECK_THROWS_AS(dropout3d(ones({2, 3})), Error);
    CHECK_THROWS_AS(alpha_dropout(Tensor()), Error);
  }
}
