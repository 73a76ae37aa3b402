#include "ops/rearrange.h"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/shape.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

SAMPLES(roll) {
  list.push_back({"two axes",
                  [](const Tensors& x) {
                    return roll(x[0], {1, -5}, {0, 1});
                  },
                  {uniform({2, 3})}});
  list.push_back(
      {"as one axis", [](const Tensors& x) { return roll(x[0], 4); }, {uniform({2, 3})}});
}
SAMPLES(repeat) {
  list.push_back({"more axes",
                  [](const Tensors& x) {
                    return repeat(x[0], {2, 1, 3});
                  },
                  {uniform({2, 2})}});
  list.push_back({"no times",
                  [](const Tensors& x) {
                    return repeat(x[0], {0, 2});
                  },
                  {uniform({2, 3})}});
}
SAMPLES(tile) {
  list.push_back(
      {"last axis", [](const Tensors& x) { return tile(x[0], {2}); }, {uniform({2, 3})}});
}
SAMPLES(repeat_interleave) {
  list.push_back(
      {"rows", [](const Tensors& x) { return repeat_interleave(x[0], 3, 0); }, {uniform({2, 3})}});
  list.push_back(
      {"elements", [](const Tensors& x) { return repeat_interleave(x[0], 2); }, {uniform({2, 3})}});
}
SAMPLES(tril) {
  for (const int64_t diagonal : {-1, 0, 1}) {
    list.push_back({"batch of matrices",
                    [diagonal](const Tensors& x) { return tril(x[0], diagonal); },
                    {uniform({2, 3, 4})}});
  }
}
SAMPLES(triu) {
  for (const int64_t diagonal : {-1, 0, 1}) {
    list.push_back({"batch of matrices",
                    [diagonal](const Tensors& x) { return triu(x[0], diagonal); },
                    {uniform({2, 3, 4})}});
  }
}
SAMPLES(meshgrid) {
  for (const Indexing indexing : {Indexing::ij, Indexing::xy}) {
    list.push_back({"ij and xy",
                    [indexing](const Tensors& x) {
                      const Tensors grids = meshgrid(x, indexing);
                      return grids[0] * grids[1] * grids[2];
                    },
                    {uniform({2}), uniform({3}, -1, 1, 1), uniform({})}});
  }
}

TEST_SUITE("ops/rearrange") {
  const Tensor x = tensor({1, 2, 3, 4, 5, 6}, {2, 3});
  using V = std::vector<int>;
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();

  TEST_CASE("roll moves in a circle") {
    CHECK(roll(x, {1}, {1}).to_vector<int>() == V{3, 1, 2, 6, 4, 5});
    CHECK(roll(x, -7).to_vector<int>() == V{2, 3, 4, 5, 6, 1});
    CHECK(roll(tensor({}, {0, 2}), 3).shape() == Shape{0, 2});
  }

  TEST_CASE("repeat, tile and repeat_interleave copy") {
    const Tensor row = tensor({1, 2}, {2});
    CHECK(repeat(row, {2}).to_vector<int>() == V{1, 2, 1, 2});
    CHECK(repeat(row, {2, 1}).to_vector<int>() == V{1, 2, 1, 2});
    CHECK(repeat(row, {2, 1}).shape() == Shape{2, 2});
    CHECK(tile(x, {2}).to_vector<int>() == V{1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6});
    CHECK(repeat_interleave(row, 2).to_vector<int>() == V{1, 1, 2, 2});
    CHECK(repeat_interleave(x, 2, 0).to_vector<int>() == V{1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6});
    CHECK(repeat(reshape(row, {1, 1, 1, 1, 1, 1, 2, 1}), Shape::filled(8, 2)).shape() ==
          Shape{2, 2, 2, 2, 2, 2, 4, 2});
    CHECK(repeat(tensor({7}, {}), {3}).to_vector<int>() == V{7, 7, 7});
  }

  TEST_CASE("triangles keep NaN out") {
    CHECK(tril(x).to_vector<int>() == V{1, 0, 0, 4, 5, 0});
    CHECK(triu(x, 1).to_vector<int>() == V{0, 2, 3, 0, 0, 6});
    CHECK(triu(x, -kHuge).to_vector<int>() == x.to_vector<int>());
    CHECK(tril(x, kHuge).to_vector<int>() == x.to_vector<int>());
    CHECK(tril(x, -kHuge).to_vector<int>() == V{0, 0, 0, 0, 0, 0});
    CHECK(triu(tensor({1, 2, std::nan(""), 4}, {2, 2})).to_vector<int>() == V{1, 2, 0, 4});
    CHECK(tril(cast(x, bool_)).dtype() == bool_);
  }

  TEST_CASE("meshgrid gives the coordinates of a grid") {
    const Tensors ij = meshgrid({tensor({1, 2}, {2}), tensor({3, 4, 5}, {3})});
    CHECK(ij[0].to_vector<int>() == V{1, 1, 1, 2, 2, 2});
    CHECK(ij[1].to_vector<int>() == V{3, 4, 5, 3, 4, 5});
    const Tensors xy = meshgrid({tensor({1, 2}, {2}), tensor({3, 4, 5}, {3})}, Indexing::xy);
    CHECK(xy[0].to_vector<int>() == V{1, 2, 1, 2, 1, 2});
  }

  TEST_CASE("agrees with torch") {
    const Oracle torch("rearrange");
    torch.check("roll", [](const Tensors& t) { return roll(t[0], {2, -1}, {1, 0}) * t[0]; });
    torch.check("repeat", [](const Tensors& t) { return repeat(t[0], {2, 1, 3}) * t[1]; });
    torch.check("tile", [](const Tensors& t) { return tile(t[0], {3, 2}) * t[1]; });
    torch.check("repeat_interleave",
                [](const Tensors& t) { return repeat_interleave(t[0], 2, 1) * t[1]; });
    torch.check("tril", [](const Tensors& t) { return tril(t[0], 1); });
    torch.check("triu", [](const Tensors& t) { return triu(t[0], -1); });
    torch.check("meshgrid", [](const Tensors& t) {
      const Tensors grids = meshgrid(t, Indexing::xy);
      return grids[0] * grids[1];
    });
  }

  TEST_CASE("misuse is named") {
    CHECK_THROWS_WITH_AS(repeat(x, {2}),
                         doctest::Contains("repeat: needs a number for each axis of [2, 3], got "
                                           "[2]; use tile"),
                         Error);
    CHECK_THROWS_AS(repeat(x, {1, -1}), Error);
    CHECK_THROWS_AS(repeat(x, {1, kHuge}), Error);
    CHECK_THROWS_AS(repeat(x, {int64_t{1} << 44, int64_t{1} << 44}), Error);
    CHECK_THROWS_AS(repeat_interleave(x, kHuge, 0), Error);
    CHECK_THROWS_AS(repeat_interleave(x, -1), Error);
    CHECK_THROWS_AS(roll(x, {1, 2}, {0}), Error);
    CHECK_THROWS_AS(roll(x, {1}, {2}), Error);
    CHECK_THROWS_WITH_AS(tril(tensor({1}, {1})),
                         doctest::Contains("tril: x must have at least 2 axes, got [1]"), Error);
    CHECK_THROWS_AS(meshgrid({}), Error);
    CHECK_THROWS_AS(meshgrid({x}), Error);
    CHECK_THROWS_AS(meshgrid({Tensor()}), Error);
  }
}
