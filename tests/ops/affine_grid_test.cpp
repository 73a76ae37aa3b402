#include "ops/affine_grid.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/op.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

static const struct {
  const char* what;
  Shape size;
  bool align_corners;
} kCases[] = {
    {"2d", {2, 3, 3, 4}, false},
    {"2d aligned", {2, 3, 3, 4}, true},
    {"3d", {1, 2, 2, 3, 2}, false},
    {"3d aligned, one element", {1, 2, 2, 1, 3}, true},
};

SAMPLES(affine_grid) {
  const Oracle oracle("affine_grid");
  for (const auto& c : kCases) {
    list.push_back({c.what,
                    [c](const Tensors& x) { return affine_grid(x[0], c.size, c.align_corners); },
                    {oracle(std::string(c.what) + "/x0")}});
  }
  list.push_back({"1d",
                  [](const Tensors& x) {
                    return affine_grid(x[0], {2, 1, 3});
                  },
                  {uniform({2, 1, 2})}});
  list.push_back({"no images",
                  [](const Tensors& x) {
                    return affine_grid(x[0], {0, 1, 3, 3});
                  },
                  {uniform({0, 2, 3})}});
}

TEST_SUITE("ops/affine_grid") {
  TEST_CASE("the identity gives the centers of the elements") {
    const Tensor theta = tensor({1, 0, 0, 0, 1, 0}, {1, 2, 3});
    CHECK(affine_grid(theta, {1, 1, 1, 2}).to_vector<double>() ==
          std::vector<double>{-0.5, 0, 0.5, 0});
    CHECK(affine_grid(theta, {1, 1, 2, 2}, true).to_vector<double>() ==
          std::vector<double>{-1, -1, 1, -1, -1, 1, 1, 1});
  }

  TEST_CASE("agrees with PyTorch") {
    const Oracle oracle("affine_grid");
    for (const auto& c : kCases) {
      oracle.check(c.what,
                   [&](const Tensors& x) { return affine_grid(x[0], c.size, c.align_corners); });
    }
  }

  TEST_CASE("names what does not fit") {
    CHECK_THROWS_WITH_AS(
        affine_grid(uniform({1, 2, 3}), {1, 1, 2, 2, 2}),
        doctest::Contains(
            "affine_grid: theta must be [1, 3, 4] for size [1, 1, 2, 2, 2], got [1, 2, 3]"),
        Error);
    CHECK_THROWS_AS(affine_grid(Tensor(), {1, 1, 2, 2}), Error);
    CHECK_THROWS_AS(affine_grid(uniform({1, 2, 3}), {1, 1, 0, 2}), Error);
    CHECK_THROWS_AS(affine_grid(uniform({1, 2, 3}), {1, 1, -3, 2}), Error);
    CHECK_THROWS_AS(affine_grid(uniform({1, 2, 3}), {2, 1, 2, 2}), Error);
    CHECK_THROWS_AS(affine_grid(uniform({1, 2, 3}), {}), Error);
    CHECK_THROWS_AS(affine_grid(integers({1, 2, 3}, 0, 2), {1, 1, 2, 2}), Error);
  }
}
