#include "ops/mask.h"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/op.h"
#include "ops/shape.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

SAMPLES(masked_fill) {
  list.push_back({"a number",
                  [](const Tensors& x) { return masked_fill(x[0], x[1], -2); },
                  {uniform({2, 3}), cast(integers({3}, 0, 2), bool_)}});
  list.push_back({"a scalar",
                  [](const Tensors& x) { return masked_fill(x[0], x[1], x[2]); },
                  {uniform({2, 3}), cast(integers({2, 3}, 0, 2), bool_), uniform({})}});
}
SAMPLES(masked_select) {
  list.push_back({"rows",
                  [](const Tensors& x) { return masked_select(x[0], x[1]); },
                  {uniform({4, 3}), cast(integers({4, 1}, 0, 2), bool_)}});
  list.push_back({"none",
                  [](const Tensors& x) { return masked_select(x[0], x[1]); },
                  {uniform({3}), tensor({0, 0, 0}, {3}, bool_)}});
}
SAMPLES(nonzero) {
  list.push_back({"integers",
                  [](const Tensors& x) { return nonzero(x[0]); },
                  {integers({3, 2, 4}, 0, 2)},
                  false});
}
SAMPLES(one_hot) {
  list.push_back({"matrix",
                  [](const Tensors& x) { return one_hot(x[0], 5, f32); },
                  {integers({2, 3}, 0, 5)},
                  false});
}

TEST_SUITE("ops/mask") {
  const Tensor x = tensor({1, 2, 3, 4}, {2, 2});
  const Tensor mask = tensor({1, 0, 0, 1}, {2, 2}, bool_);
  using V = std::vector<int>;

  TEST_CASE("masks choose elements") {
    CHECK(masked_fill(x, mask, 9).to_vector<int>() == V{9, 2, 3, 9});
    CHECK(masked_fill(tensor({NAN, 1}, {2}), tensor({1, 0}, {2}, bool_), 0).to_vector<int>() ==
          V{0, 1});
    CHECK(masked_fill(cast(x, i32), mask, -1.5).dtype() == i32);
    CHECK(masked_select(x, mask).to_vector<int>() == V{1, 4});
    CHECK(masked_select(x, tensor({1, 0}, {2}, bool_)).to_vector<int>() == V{1, 3});
    CHECK(masked_select(x, tensor({0}, {}, bool_)).shape() == Shape{0});
  }

  TEST_CASE("nonzero gives positions") {
    CHECK(nonzero(tensor({0, 0.5, -1, 0}, {2, 2})).to_vector<int>() == V{0, 1, 1, 0});
    CHECK(nonzero(mask).shape() == Shape{2, 2});
    CHECK(nonzero(tensor({}, {0, 3})).shape() == Shape{0, 2});
    CHECK(nonzero(tensor({2}, {})).shape() == Shape{1, 0});
    CHECK(nonzero(tensor({NAN, -0.0}, {2})).to_vector<int>() == V{0});
  }

  TEST_CASE("one_hot marks the class") {
    const Tensor labels = tensor({2, 0}, {2}, i64);
    CHECK(one_hot(labels).to_vector<int>() == V{0, 0, 1, 1, 0, 0});
    CHECK(one_hot(labels).dtype() == i64);
    CHECK(one_hot(cast(labels, u8), 4, f32).shape() == Shape{2, 4});
    CHECK(one_hot(tensor({1}, {}, i32), 2).to_vector<int>() == V{0, 1});
    CHECK(one_hot(tensor({}, {0, 2}, i64), 3).shape() == Shape{0, 2, 3});
  }

  TEST_CASE("agrees with torch") {
    const Oracle torch("mask");
    torch.check("masked_fill", [](const Tensors& t) { return masked_fill(t[0], t[1], t[2]); });
    torch.check("masked_select", [](const Tensors& t) { return masked_select(t[0], t[1]); });
    torch.check("nonzero", [](const Tensors& t) { return nonzero(t[0]); });
    torch.check("one_hot", [](const Tensors& t) { return one_hot(t[0]); });
  }

  TEST_CASE("misuse is named") {
    CHECK_THROWS_WITH_AS(masked_fill(x, x, 1),
                         doctest::Contains("masked_fill: the mask must be bool, got f32"), Error);
    CHECK_THROWS_AS(masked_fill(x, mask, x), Error);
    CHECK_THROWS_AS(masked_fill(x, Tensor(), 1), Error);
    CHECK_THROWS_AS(masked_fill(x, tensor({1, 0, 1}, {3}, bool_), 1), Error);
    CHECK_THROWS_AS(masked_select(x, x), Error);
    CHECK_THROWS_AS(masked_select(Tensor(), mask), Error);
    CHECK_THROWS_AS(nonzero(Tensor()), Error);
    CHECK_THROWS_WITH_AS(one_hot(tensor({0, 3}, {2}, i64), 3).eval(),
                         doctest::Contains("one_hot: labels must lie in [0, 3), got 3 as label 1"),
                         Error);
    CHECK_THROWS_AS(one_hot(tensor({-1}, {1}, i64), 3).eval(), Error);
    CHECK_THROWS_AS(one_hot(tensor({-5}, {1}, i64)).eval(), Error);
    CHECK_THROWS_AS(
        one_hot(tensor<int64_t>(std::vector{std::numeric_limits<int64_t>::max()}, {1})).eval(),
        Error);
    CHECK_THROWS_AS(one_hot(tensor({}, {0}, i64)), Error);
    CHECK_THROWS_AS(one_hot(x), Error);
    CHECK_THROWS_AS(one_hot(tensor({0}, {1}, i64), 0), Error);
    CHECK_THROWS_AS(one_hot(tensor({0}, {1}, i64), -2), Error);
  }
}
