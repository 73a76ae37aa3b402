#include "ops/axes.h"

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

SAMPLES(transpose) {
  list.push_back({"first and last",
                  [](const Tensors& x) { return transpose(x[0], 0, -1) * 2.0; },
                  {uniform({2, 3, 4})}});
}
SAMPLES(movedim) {
  list.push_back(
      {"one axis", [](const Tensors& x) { return movedim(x[0], 0, 2); }, {uniform({2, 3, 2})}});
  list.push_back({"two axes",
                  [](const Tensors& x) {
                    return movedim(x[0], {0, 1}, {-1, 0});
                  },
                  {uniform({2, 3, 2})}});
}
SAMPLES(squeeze) {
  list.push_back({"all", [](const Tensors& x) { return squeeze(x[0]); }, {uniform({1, 2, 1, 3})}});
  list.push_back(
      {"one of two", [](const Tensors& x) { return squeeze(x[0], -2); }, {uniform({1, 2, 1, 3})}});
}
SAMPLES(unsqueeze) {
  list.push_back({"one", [](const Tensors& x) { return unsqueeze(x[0], -1); }, {uniform({2, 3})}});
  list.push_back({"several",
                  [](const Tensors& x) {
                    return unsqueeze(x[0], {0, 2});
                  },
                  {uniform({2, 3})}});
}
SAMPLES(flatten) {
  list.push_back({"all", [](const Tensors& x) { return flatten(x[0]); }, {uniform({2, 3, 2})}});
  list.push_back(
      {"from axis 1", [](const Tensors& x) { return flatten(x[0], 1); }, {uniform({2, 3, 2})}});
}
SAMPLES(unflatten) {
  list.push_back({"middle",
                  [](const Tensors& x) {
                    return unflatten(x[0], 1, {2, -1});
                  },
                  {uniform({2, 6, 2})}});
}
SAMPLES(select) {
  list.push_back({"last of the middle",
                  [](const Tensors& x) { return select(x[0], 1, -1); },
                  {uniform({2, 3, 2})}});
}
SAMPLES(narrow) {
  list.push_back({"two of the middle",
                  [](const Tensors& x) { return narrow(x[0], 1, 1, 2); },
                  {uniform({2, 4, 2})}});
}
SAMPLES(diagonal) {
  for (const int64_t offset : {-1, 0, 2}) {
    list.push_back({"offsets",
                    [offset](const Tensors& x) { return diagonal(x[0], offset); },
                    {uniform({3, 4})}});
  }
  list.push_back({"of other axes",
                  [](const Tensors& x) { return diagonal(x[0], 0, 2, 0); },
                  {uniform({2, 3, 2})}});
}

TEST_SUITE("ops/axes") {
  const Tensor x = tensor({1, 2, 3, 4, 5, 6}, {2, 3});
  const Tensor cube = iota({2, 1, 3});
  using V = std::vector<int>;

  TEST_CASE("axes move, come and go") {
    CHECK(transpose(x, 0, 1).to_vector<int>() == V{1, 4, 2, 5, 3, 6});
    CHECK(movedim(cube, 0, -1).shape() == Shape{1, 3, 2});
    CHECK(movedim(cube, {2, 0}, {0, 1}).shape() == Shape{3, 2, 1});
    CHECK(movedim(cube, {2, 0}, {0, 1}).to_vector<int>() == V{0, 3, 1, 4, 2, 5});
    CHECK(squeeze(cube).shape() == Shape{2, 3});
    CHECK(squeeze(cube, {0, 1}).shape() == Shape{2, 3});  // axis 0 stays, as in torch
    CHECK(unsqueeze(x, {0, -1}).shape() == Shape{1, 2, 3, 1});
    CHECK(flatten(cube).shape() == Shape{6});
    CHECK(flatten(cube, 0, 1).shape() == Shape{2, 3});
    CHECK(flatten(tensor({7}, {})).shape() == Shape{1});
    CHECK(unflatten(tensor({}, {0, 6}), -1, {2, -1}).shape() == Shape{0, 2, 3});
    CHECK(select(x, 1, -2).to_vector<int>() == V{2, 5});
    CHECK(narrow(x, 1, -2, 2).to_vector<int>() == V{2, 3, 5, 6});
    CHECK(narrow(x, 1, 3, 0).shape() == Shape{2, 0});
  }

  TEST_CASE("diagonals") {
    CHECK(diagonal(x).to_vector<int>() == V{1, 5});
    CHECK(diagonal(x, 1).to_vector<int>() == V{2, 6});
    CHECK(diagonal(x, -1).to_vector<int>() == V{4});
    CHECK(diagonal(x, 100).shape() == Shape{0});
    CHECK(diagonal(x, std::numeric_limits<int64_t>::min()).shape() == Shape{0});
    CHECK(diagonal(expand(x, {4, 2, 3}), 0, -2, -1).shape() == Shape{4, 2});
  }

  TEST_CASE("agrees with torch") {
    const Oracle torch("axes");
    torch.check("movedim", [](const Tensors& t) { return movedim(t[0], {0, 2}, {1, 0}) * t[1]; });
    torch.check("diagonal", [](const Tensors& t) { return diagonal(t[0], 1, 2, 1) * 3.0; });
    torch.check("select", [](const Tensors& t) { return select(t[0], 1, -3); });
    torch.check("flatten", [](const Tensors& t) { return flatten(t[0], 1, 2) * 2.0; });
  }

  TEST_CASE("misuse is named") {
    CHECK_THROWS_WITH_AS(select(x, 1, 3),
                         doctest::Contains("select: index must lie in [-3, 3) on axis 1 of [2, 3],"
                                           " got 3"),
                         Error);
    CHECK_THROWS_WITH_AS(narrow(x, 0, 1, 2),
                         doctest::Contains("narrow: start 1 and length 2 leave axis 0 of [2, 3]"),
                         Error);
    CHECK_THROWS_AS(narrow(x, 0, 0, -1), Error);
    CHECK_THROWS_AS(narrow(x, 0, 3, 0), Error);
    CHECK_THROWS_AS(transpose(x, 0, 2), Error);
    CHECK_THROWS_AS(movedim(x, {0, 0}, {0, 1}), Error);
    CHECK_THROWS_AS(movedim(x, {0, 1}, {0}), Error);
    CHECK_THROWS_AS(squeeze(x, 2), Error);
    CHECK_THROWS_AS(unsqueeze(x, {0, 0}), Error);
    CHECK_THROWS_AS(unsqueeze(x, 3), Error);
    CHECK_THROWS_AS(unsqueeze(x, Shape::filled(7, 0)), Error);
    CHECK_THROWS_AS(flatten(x, 1, 0), Error);
    CHECK_THROWS_AS(unflatten(x, 1, {2, -1}), Error);
    CHECK_THROWS_AS(unflatten(x, 1, {-1, -1}), Error);
    CHECK_THROWS_AS(unflatten(tensor({}, {0}), 0, {-1, -1, 0}), Error);
    CHECK_THROWS_AS(diagonal(x, 0, 1, 1), Error);
    CHECK_THROWS_AS(diagonal(select(x, 0, 0)), Error);
    CHECK_THROWS_AS(squeeze(Tensor()), Error);
  }
}
