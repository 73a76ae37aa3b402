#include "ops/shape.h"

#include <limits>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

SAMPLES(reshape) {
  list.push_back({"merge and split",
                  [](const Tensors& x) {
                    return reshape(x[0], {4, -1}) * reshape(x[0], {4, 3});
                  },
                  {uniform({2, 3, 2})}});
  list.push_back({"of a transposed view",
                  [](const Tensors& x) {
                    return reshape(permute(x[0], {1, 0}), {-1}) * 2.0;
                  },
                  {uniform({2, 3})}});
  list.push_back({"scalar", [](const Tensors& x) { return reshape(x[0], {}); }, {uniform({1, 1})}});
  list.push_back({"empty",
                  [](const Tensors& x) {
                    return reshape(x[0], {0, 7});
                  },
                  {uniform({2, 0})}});
}
SAMPLES(permute) {
  list.push_back({"three axes",
                  [](const Tensors& x) {
                    return permute(x[0], {2, 0, -2}) * 2.0;
                  },
                  {uniform({2, 3, 4})}});
  list.push_back({"eight axes",
                  [](const Tensors& x) {
                    return permute(x[0], {7, 0, 6, 1, 5, 2, 4, 3});
                  },
                  {uniform({1, 2, 1, 2, 1, 3, 1, 2})}});
}
SAMPLES(expand) {
  list.push_back({"new and stretched axes",
                  [](const Tensors& x) {
                    return expand(x[0], {2, -1, 3}) * 2.0;
                  },
                  {uniform({2, 1})}});
  list.push_back({"to nothing",
                  [](const Tensors& x) {
                    return expand(x[0], {0, 3});
                  },
                  {uniform({1, 3})}});
}
SAMPLES(slice) {
  list.push_back({"step",
                  [](const Tensors& x) { return slice(x[0], 1, {.start = 1, .step = 3}); },
                  {uniform({2, 8})}});
  list.push_back({"backwards",
                  [](const Tensors& x) { return slice(x[0], 0, {.step = -2}); },
                  {uniform({7, 2})}});
  list.push_back({"all axes",
                  [](const Tensors& x) {
                    return slice(x[0], {{.start = -1, .step = -1}, {}, {.stop = -1, .step = 2}});
                  },
                  {uniform({2, 2, 5})}});
  list.push_back({"nothing",
                  [](const Tensors& x) { return slice(x[0], 0, {.start = 2, .stop = 1}); },
                  {uniform({3, 2})}});
  list.push_back({"eight axes, far steps",
                  [](const Tensors& x) {
                    return slice(x[0], {{.step = 1 << 30}, {.step = -2}});
                  },
                  {uniform({3, 3, 1, 1, 1, 1, 1, 2})}});
}
SAMPLES(strided) {
  list.push_back({"inner part",
                  [](const Tensors& x) {
                    return strided(x[0], {1, 4}, {2, 2}, {1, -3});
                  },
                  {uniform({4, 5})}});
}
SAMPLES(flip) {
  list.push_back({"two axes",
                  [](const Tensors& x) {
                    return flip(x[0], {0, -1});
                  },
                  {uniform({2, 2, 3})}});
  list.push_back({"empty", [](const Tensors& x) { return flip(x[0], {0}); }, {uniform({0, 3})}});
}
SAMPLES(pad_zeros) {
  list.push_back({"add and crop",
                  [](const Tensors& x) {
                    return pad_zeros(x[0], {1, -1}, {2, 1}) * 2.0;
                  },
                  {uniform({2, 3})}});
  list.push_back({"of nothing",
                  [](const Tensors& x) {
                    return pad_zeros(x[0], {1, 0}, {0, 0});
                  },
                  {uniform({0, 2})}});
  list.push_back(
      {"beyond x", [](const Tensors& x) { return pad_zeros(x[0], {-4}, {9}); }, {uniform({3})}});
}

TEST_SUITE("ops/shape") {
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  constexpr int64_t kLowest = std::numeric_limits<int64_t>::min();
  const Tensor x = tensor({1, 2, 3, 4, 5, 6}, {2, 3});

  TEST_CASE("views read elements in another order") {
    CHECK(reshape(x, {3, -1}).to_vector<int>() == std::vector<int>{1, 2, 3, 4, 5, 6});
    CHECK(permute(x, {1, 0}).to_vector<int>() == std::vector<int>{1, 4, 2, 5, 3, 6});
    CHECK(expand(tensor({1, 2}, {2, 1}), {-1, 2}).to_vector<int>() == std::vector<int>{1, 1, 2, 2});
    CHECK(flip(x, {1}).to_vector<int>() == std::vector<int>{3, 2, 1, 6, 5, 4});
    CHECK(pad_zeros(x, {0, -2}, {1, 1}).to_vector<int>() == std::vector<int>{3, 0, 6, 0, 0, 0});
    CHECK(strided(x, {1, 2}, {2, 2}, {-1, -2}).to_vector<int>() == std::vector<int>{6, 4, 3, 1});
  }

  TEST_CASE("slices follow NumPy") {
    const auto picked = [](const SliceOptions& o) {
      return slice(tensor({0, 1, 2, 3, 4}, {5}), 0, o).to_vector<int>();
    };
    using V = std::vector<int>;
    CHECK(picked({}) == V{0, 1, 2, 3, 4});
    CHECK(picked({.start = -2}) == V{3, 4});
    CHECK(picked({.start = 1, .stop = 100, .step = 2}) == V{1, 3});
    CHECK(picked({.start = 3, .stop = 1}).empty());
    CHECK(picked({.step = -2}) == V{4, 2, 0});
    CHECK(picked({.start = -2, .stop = 0, .step = -1}) == V{3, 2, 1});
    CHECK(picked({.start = -100, .stop = -1}) == V{0, 1, 2, 3});
    CHECK(picked({.start = kHuge, .stop = kLowest, .step = kLowest}) == V{4});
    CHECK(picked({.start = kLowest, .stop = kHuge, .step = kHuge}) == V{0});
    CHECK(slice(x, {{.start = 1}, {.step = -2}}).to_vector<int>() == V{6, 4});
    CHECK(slice(x, std::vector<SliceOptions>{}).shape() == x.shape());
  }

  TEST_CASE("the gradient of a far step is as small as x") {
    const Tensor y = slice(x, 1, {.step = int64_t{1} << 40});
    CHECK(grad(sum(y), x).to_vector<int>() == std::vector<int>{1, 0, 0, 1, 0, 0});
  }

  TEST_CASE("agrees with torch") {
    const Oracle torch("shape");
    torch.check("permute", [](const Tensors& t) {
      return permute(t[0], {2, 0, 1}) * reshape(t[0], {4, 2, 3});
    });
    torch.check("expand", [](const Tensors& t) { return expand(t[0], {2, -1, 3}) * t[1]; });
    torch.check("slice", [](const Tensors& t) {
      return slice(t[0], {{.start = 1, .stop = -1, .step = 2}, {.start = -3}});
    });
    torch.check("flip", [](const Tensors& t) { return flip(t[0], {1, 2}) * t[0]; });
  }

  TEST_CASE("misuse is named") {
    CHECK_THROWS_WITH_AS(reshape(x, {4, -1}),
                         doctest::Contains("reshape: 6 elements of [2, 3] do not fit [4, -1]"),
                         Error);
    CHECK_THROWS_AS(reshape(x, {-1, -1}), Error);
    CHECK_THROWS_AS(reshape(x, {-2, -3}), Error);
    CHECK_THROWS_AS(reshape(x, {int64_t{1} << 32, int64_t{1} << 32}), Error);
    CHECK_THROWS_AS(reshape(x, {-1, int64_t{1} << 32, int64_t{1} << 32}), Error);
    CHECK_THROWS_AS(reshape(tensor({}, {0}), {-1, 0}), Error);
    CHECK_THROWS_AS(reshape(Tensor(), {1}), Error);
    CHECK_THROWS_WITH_AS(permute(x, {0, 0}),
                         doctest::Contains("permute: every axis must appear once, got [0, 0]"),
                         Error);
    CHECK_THROWS_AS(permute(x, {0}), Error);
    CHECK_THROWS_AS(permute(x, {0, 2}), Error);
    CHECK_THROWS_WITH_AS(
        expand(x, {2, 4}),
        doctest::Contains("expand: axis 1 of [2, 3] has extent 3 and cannot become 4"), Error);
    CHECK_THROWS_AS(expand(x, {3}), Error);
    CHECK_THROWS_AS(expand(x, {-1, 2, 3}), Error);
    CHECK_THROWS_AS(expand(x, {kHuge, 2, 3}), Error);
    CHECK_THROWS_WITH_AS(slice(x, 0, {.step = 0}),
                         doctest::Contains("slice: the step must not be 0"), Error);
    CHECK_THROWS_AS(slice(x, 2, {}), Error);
    CHECK_THROWS_AS(slice(x, {{}, {}, {}}), Error);
    CHECK_THROWS_WITH_AS(strided(x, {0, 1}, {2, 3}, {1, 1}),
                         doctest::Contains("strided: begin [0, 1], extents [2, 3], steps [1, 1] "
                                           "leave axis 1 of [2, 3]"),
                         Error);
    CHECK_THROWS_AS(strided(x, {0, 0}, {2, 2}, {1, kHuge}), Error);
    CHECK_THROWS_AS(strided(x, {0, 0}, {2, kHuge}, {1, 1}), Error);
    CHECK_THROWS_AS(strided(x, {0, 0}, {2, -1}, {1, 1}), Error);
    CHECK_THROWS_AS(strided(x, {0, 0}, {2, 2}, {1, 0}), Error);
    CHECK_THROWS_AS(strided(x, {0}, {2}, {1}), Error);
    CHECK_THROWS_AS(flip(x, {0, -2}), Error);
    CHECK_THROWS_AS(pad_zeros(x, {0, -2}, {0, -2}), Error);
    CHECK_THROWS_AS(pad_zeros(x, {kHuge, 0}, {kHuge, 0}), Error);
    CHECK_THROWS_AS(pad_zeros(x, {kLowest, 0}, {0, 0}), Error);
    CHECK_THROWS_AS(pad_zeros(x, {0}, {0}), Error);
  }
}
