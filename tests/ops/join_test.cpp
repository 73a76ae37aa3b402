#include "ops/join.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

SAMPLES(cat) {
  list.push_back({"rows",
                  [](const Tensors& x) { return cat(x); },
                  {uniform({2, 3}), uniform({1, 3}, -1, 1, 1), uniform({0, 3})}});
  list.push_back({"columns",
                  [](const Tensors& x) { return cat(x, -1); },
                  {uniform({2, 2, 3}), uniform({2, 2, 1}, -1, 1, 1)}});
  list.push_back({"one tensor twice",
                  [](const Tensors& x) {
                    return cat({x[0], x[0] * x[0], x[0]}, 1);
                  },
                  {uniform({2, 3})}});
  list.push_back({"more than one node takes",
                  [](const Tensors& x) { return cat(Tensors(70, x[0])); },
                  {uniform({2})}});
}
SAMPLES(stack) {
  list.push_back({"in front",
                  [](const Tensors& x) { return stack(x); },
                  {uniform({2, 3}), uniform({2, 3}, -1, 1, 1)}});
  list.push_back({"behind",
                  [](const Tensors& x) { return stack(x, -1); },
                  {uniform({2, 3}), uniform({2, 3}, -1, 1, 1), uniform({2, 3}, -1, 1, 2)}});
  list.push_back({"scalars", [](const Tensors& x) { return stack({x[0], x[0]}); }, {uniform({})}});
}
SAMPLES(split) {
  list.push_back({"size",
                  [](const Tensors& x) {
                    const Tensors parts = split(x[0], 2, 1);
                    return parts.at(0) * parts.at(1) * parts.at(2);  // the last one is broadcast
                  },
                  {uniform({3, 5})}});
  list.push_back({"sizes",
                  [](const Tensors& x) {
                    const Tensors parts = split(x[0], {1, 0, 3}, 0);
                    return parts.at(0) * parts.at(2);
                  },
                  {uniform({4, 2})}});
}
SAMPLES(chunk) {
  list.push_back({"three",
                  [](const Tensors& x) {
                    const Tensors parts = chunk(x[0], 3);
                    return parts.at(0) * parts.at(1) * parts.at(2);
                  },
                  {uniform({5, 2})}});
}
SAMPLES(unbind) {
  list.push_back({"middle",
                  [](const Tensors& x) {
                    const Tensors parts = unbind(x[0], 1);
                    return parts.at(0) * parts.at(2);
                  },
                  {uniform({2, 3, 2})}});
}

TEST_SUITE("ops/join") {
  const Tensor a = tensor({1, 2, 3, 4}, {2, 2});
  const Tensor b = tensor({5, 6}, {1, 2});

  TEST_CASE("cat puts tensors one after the other") {
    CHECK(cat({a, b}).to_vector<int>() == std::vector<int>{1, 2, 3, 4, 5, 6});
    CHECK(cat({a, a}, -1).to_vector<int>() == std::vector<int>{1, 2, 1, 2, 3, 4, 3, 4});
    CHECK(cat({a, tensor({}, {0, 2})}).shape() == Shape{2, 2});
    CHECK(cat({tensor({}, {0, 2}), tensor({}, {0, 2})}).shape() == Shape{0, 2});
  }

  TEST_CASE("cat promotes dtypes") {
    const Tensor i = tensor({1, 2}, {2}, i32), h = tensor({0.5}, {1}, f16);
    CHECK(cat({i, h}).dtype() == f16);
    CHECK(cat({i, h}).to_vector<double>() == std::vector<double>{1, 2, 0.5});
    CHECK(cat({tensor({1}, {1}, bool_), tensor({2}, {1}, u8)}).dtype() == u8);
  }

  TEST_CASE("a large cat is copied in pieces") {
    const Tensor x = cast(iota({600, 1000}), i32);
    const Tensor y = cat({x, x}, 1).eval();
    bool equal = true;
    for (size_t i = 0; i < 600 * 2000; ++i) {
      equal &= y.data<int32_t>()[i] == static_cast<int32_t>(i / 2000 * 1000 + i % 1000);
    }
    CHECK(equal);
  }

  TEST_CASE("stack makes a new axis") {
    CHECK(stack({b, b * 10.0}, -1).shape() == Shape{1, 2, 2});
    CHECK(stack({b, b * 10.0}, -1).to_vector<int>() == std::vector<int>{5, 50, 6, 60});
  }

  TEST_CASE("split, chunk and unbind take apart") {
    const Tensor x = tensor({1, 2, 3, 4, 5}, {5});
    CHECK(split(x, 2).size() == 3);
    CHECK(split(x, 2)[2].to_vector<int>() == std::vector<int>{5});
    CHECK(split(x, {4, 1})[0].shape() == Shape{4});
    CHECK(split(tensor({}, {0}), 3).size() == 1);
    CHECK(chunk(x, 4).size() == 3);  // 2, 2, 1: as torch
    CHECK(chunk(x, 9).size() == 5);
    CHECK(unbind(a, 1)[1].to_vector<int>() == std::vector<int>{2, 4});
    CHECK(unbind(tensor({}, {0, 2})).empty());
  }

  TEST_CASE("agrees with torch") {
    const Oracle torch("join");
    torch.check("cat", [](const Tensors& x) { return cat(x, 1); });
    torch.check("stack", [](const Tensors& x) { return stack(x, 1); });
    torch.check("split", [](const Tensors& x) {
      const Tensors parts = split(x[0], {1, 3, 1}, -1);
      return parts[0] * parts[1] * parts[2];
    });
    torch.check("chunk", [](const Tensors& x) {
      const Tensors parts = chunk(x[0], 3, 1);
      return parts[0] * parts[1] * parts[2];
    });
  }

  TEST_CASE("misuse is named") {
    CHECK_THROWS_WITH_AS(cat({a, b}, 1),
                         doctest::Contains("cat: shapes must agree in every axis but 1, got [2, 2] "
                                           "as tensor 0 and [1, 2] as tensor 1"),
                         Error);
    CHECK_THROWS_AS(cat({}), Error);
    CHECK_THROWS_AS(cat({a, Tensor()}), Error);
    CHECK_THROWS_AS(cat({Tensor()}), Error);
    CHECK_THROWS_AS(cat({a, a}, 2), Error);
    CHECK_THROWS_AS(cat({tensor({1}, {}), tensor({1}, {})}), Error);
    CHECK_THROWS_AS(stack({a, b}), Error);
    CHECK_THROWS_AS(stack({}), Error);
    CHECK_THROWS_WITH_AS(split(a, {1, 2}),
                         doctest::Contains("split: sizes must add up to extent 2 of axis 0 of "
                                           "[2, 2], got 1, 2"),
                         Error);
    CHECK_THROWS_AS(split(a, {-1, 3}), Error);
    CHECK_THROWS_AS(split(a, 0), Error);
    CHECK_THROWS_AS(chunk(a, 0), Error);
    CHECK_THROWS_AS(split(Tensor(), 1), Error);
  }
}
