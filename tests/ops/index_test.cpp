#include "ops/index.h"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/reduce.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

SAMPLES(gather) {
  for (const int64_t axis : {0, 1, -1}) {
    list.push_back({"every axis, elements read often",
                    [axis](const Tensors& x) { return gather(x[0], axis, x[1]); },
                    {uniform({2, 3, 2}), integers({2, 3, 2}, -2, 2)}});
  }
  list.push_back({"index of another extent",
                  [](const Tensors& x) { return gather(x[0], 1, x[1]); },
                  {uniform({3, 4}), integers({2, 6}, 0, 4)}});
  list.push_back({"no index",
                  [](const Tensors& x) { return gather(x[0], 0, x[1]); },
                  {uniform({3, 2}), integers({0, 2}, 0, 1)}});
}
SAMPLES(index_select) {
  for (const int64_t axis : {0, 1, 2}) {
    list.push_back({"every axis, slices read often",
                    [axis](const Tensors& x) { return index_select(x[0], axis, x[1]); },
                    {uniform({2, 3, 2}), integers({5}, -2, 2)}});
  }
  list.push_back({"one axis",
                  [](const Tensors& x) { return index_select(x[0], 0, x[1]); },
                  {uniform({5}), integers({4}, 0, 5)}});
  list.push_back({"no index",
                  [](const Tensors& x) { return index_select(x[0], 1, x[1]); },
                  {uniform({2, 0, 2}), integers({0}, 0, 1)}});
}
SAMPLES(take) {
  list.push_back({"matrix of positions",
                  [](const Tensors& x) { return take(x[0], x[1]); },
                  {uniform({2, 3}), integers({3, 2}, -6, 6)}});
}
SAMPLES(embedding) {
  list.push_back({"words in sentences",
                  [](const Tensors& x) { return embedding(x[1], x[0]); },
                  {uniform({5, 3}), integers({2, 4}, 0, 5)}});
}

TEST_SUITE("ops/index") {
  const Tensor x = tensor({0, 1, 2, 10, 11, 12}, {2, 3});

  TEST_CASE("gather reads one element for each index") {
    const Tensor index = tensor({2, 0, -1, 1}, {2, 2}, i32);
    CHECK(gather(x, 1, index).to_vector<int>() == std::vector<int>{2, 0, 12, 11});
    CHECK(gather(x, 0, tensor({1, 0}, {1, 2}, u8)).to_vector<int>() == std::vector<int>{10, 1});
  }

  TEST_CASE("index_select reads whole slices") {
    const Tensor index = tensor({1, 1, -3}, {3}, i64);
    CHECK(index_select(x, 1, index).to_vector<int>() == std::vector<int>{1, 1, 0, 11, 11, 10});
    CHECK(index_select(cast(x, u8), 0, tensor({1}, {1}, i64)).to_vector<int>() ==
          std::vector<int>{10, 11, 12});
  }

  TEST_CASE("take sees one axis") {
    CHECK(take(x, tensor({5, -6}, {2, 1}, i64)).to_vector<int>() == std::vector<int>{12, 0});
    CHECK(take(x, tensor({3}, {}, i64)).item() == 10);
  }

  TEST_CASE("the padding row of an embedding gets no gradient") {
    const Tensor weight = tensor({1, 2, 3, 4, 5, 6}, {3, 2}), index = tensor({2, 0, 2}, {3}, i64);
    const Tensor y = embedding(index, weight, {.padding_idx = -1});
    CHECK(y.to_vector<int>() == std::vector<int>{5, 6, 1, 2, 5, 6});
    CHECK(grad(sum(y), weight).to_vector<int>() == std::vector<int>{1, 1, 0, 0, 0, 0});
  }

  TEST_CASE("agrees with torch") {
    const Oracle torch("index");
    for (const int64_t axis : {0, 1, 2}) {
      torch.check(fmt::format("gather {}", axis),
                  [axis](const Tensors& t) { return gather(t[0], axis, t[1]); });
      torch.check(fmt::format("index_select {}", axis),
                  [axis](const Tensors& t) { return index_select(t[0], axis, t[1]); });
    }
    torch.check("take", [](const Tensors& t) { return take(t[0], t[1]); });
    torch.check("embedding",
                [](const Tensors& t) { return embedding(t[1], t[0], {.padding_idx = 1}); });
  }

  TEST_CASE("an index out of range is found when the value is computed") {
    const Tensor y = index_select(x, 1, tensor({0, 3}, {2}, i64));
    CHECK_THROWS_WITH_AS(y.eval(),
                         doctest::Contains("index_select: indices along axis 1 must lie in [-3, 3),"
                                           " its extent being 3, got 3"),
                         Error);
    CHECK_THROWS_AS(gather(x, 0, tensor({-3}, {1, 1}, i64)).eval(), Error);
    CHECK_THROWS_AS(take(tensor({}, {0}), tensor({0}, {1}, i64)).eval(), Error);
    CHECK_THROWS_AS(embedding(tensor({2}, {1}, i64), x).eval(), Error);
  }

  TEST_CASE("misuse is named") {
    const Tensor index = tensor({0, 1}, {2}, i64);
    CHECK_THROWS_WITH_AS(gather(x, 1, index),
                         doctest::Contains("gather: index [2] must have the rank of x [2, 3], and "
                                           "no greater extent in any axis but 1"),
                         Error);
    CHECK_THROWS_WITH_AS(index_select(x, 0, x),
                         doctest::Contains("index_select: the index must hold integers, got f32"),
                         Error);
    CHECK_THROWS_AS(gather(x, 1, integers({3, 1}, 0, 1)), Error);
    CHECK_THROWS_AS(gather(x, 2, index), Error);
    CHECK_THROWS_AS(gather(x, 0, Tensor()), Error);
    CHECK_THROWS_AS(gather(Tensor(), 0, index), Error);
    CHECK_THROWS_AS(index_select(x, 0, integers({1, 1}, 0, 1)), Error);
    CHECK_THROWS_AS(take(x, x), Error);
    CHECK_THROWS_AS(embedding(index, tensor({1}, {1})), Error);
    CHECK_THROWS_AS(embedding(index, x, {.padding_idx = 2}), Error);
  }
}
