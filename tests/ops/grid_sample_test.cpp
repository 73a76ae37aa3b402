#include "ops/grid_sample.h"

#include <limits>

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/affine_grid.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

// Calls f(what, options) for every case of scripts/oracles/grid_sample.py.
template <class F>
static void for_each_case(F&& f) {
  using enum Interpolation;
  const std::pair<std::string, Interpolation> modes[] = {
      {"nearest", nearest}, {"bilinear", bilinear}, {"bicubic", bicubic}};
  const std::pair<std::string, GridPadding> paddings[] = {{"zeros", GridPadding::zeros},
                                                          {"border", GridPadding::border},
                                                          {"reflection", GridPadding::reflection}};
  for (const auto& [mode_name, mode] : modes) {
    for (const auto& [padding_name, padding] : paddings) {
      for (const bool aligned : {false, true}) {
        const std::string name =
            fmt::format("{} {} {}", mode_name, padding_name, aligned ? "aligned" : "edges");
        const GridSampleOptions options{mode, padding, aligned};
        f("2d " + name, options);
        if (mode != bicubic) f("3d " + name, options);
      }
    }
  }
  f("one element", GridSampleOptions{bilinear, GridPadding::reflection, true});
}

SAMPLES(grid_sample) {
  const Oracle oracle("grid_sample");
  for_each_case([&](const std::string& what, const GridSampleOptions& o) {
    list.push_back({what,
                    [o](const Tensors& x) { return grid_sample(x[0], x[1], o); },
                    {oracle(what + "/x0"), oracle(what + "/x1")}});
  });
  const auto add = [&](const char* what, const Shape& x, const Shape& grid) {
    list.push_back(
        {what,
         [](const Tensors& t) { return grid_sample(t[0], t[1], {.mode = Interpolation::bicubic}); },
         {uniform(x), uniform(grid, -1.3, 1.3, 1)}});
  };
  add("bicubic 1d", {1, 2, 4}, {1, 3, 1});
  add("bicubic 3d", {1, 1, 2, 3, 2}, {1, 1, 2, 1, 3});
  add("no images", {0, 2, 3, 3}, {0, 2, 2, 2});
  add("no channels", {1, 0, 3, 3}, {1, 2, 2, 2});
  add("no points", {1, 2, 3, 3}, {1, 0, 2, 2});
}

TEST_SUITE("ops/grid_sample") {
  TEST_CASE("reads between the elements of an image") {
    const Tensor x = tensor({1, 2, 3, 4}, {1, 1, 2, 2});
    const Tensor grid = tensor({0, 0, 1, -1, 2, 0}, {1, 1, 3, 2});
    CHECK(grid_sample(x, grid, {.align_corners = true}).to_vector<double>() ==
          std::vector<double>{2.5, 2, 1.5});
    CHECK(grid_sample(x, grid, {}).to_vector<double>() == std::vector<double>{2.5, 0.5, 0});
    CHECK(grid_sample(x, grid, {.padding_mode = GridPadding::border}).to_vector<double>() ==
          std::vector<double>{2.5, 2, 3});
  }

  TEST_CASE("the identity transform returns the image") {
    const Tensor x = uniform({2, 3, 4, 5});
    const Tensor theta = tensor({1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0}, {2, 2, 3}, f64);
    for (const bool aligned : {false, true}) {
      const Tensor grid = affine_grid(theta, x.shape(), aligned);
      check_close(grid_sample(x, grid, {.align_corners = aligned}), x, 1e-14);
    }
  }

  TEST_CASE("agrees with PyTorch") {
    const Oracle oracle("grid_sample");
    for_each_case([&](const std::string& what, const GridSampleOptions& o) {
      oracle.check(what, [&](const Tensors& x) { return grid_sample(x[0], x[1], o); });
    });
  }

  TEST_CASE("points at infinity and nowhere are outside, or at an end") {
    const double inf = std::numeric_limits<double>::infinity(), nan = inf - inf;
    const Tensor x = tensor({1, 2, 3}, {1, 1, 3}, f64);
    const Tensor grid = tensor({nan, inf, -inf, 1e300, -1e300}, {1, 5, 1}, f64);
    using enum Interpolation;
    for (const Interpolation mode : {nearest, bilinear, bicubic}) {
      const auto values = [&](GridPadding padding) {
        return grid_sample(x, grid, {mode, padding}).to_vector<double>();
      };
      CHECK(values(GridPadding::zeros) == std::vector<double>{0, 0, 0, 0, 0});
      CHECK(values(GridPadding::border) == std::vector<double>{1, 3, 1, 3, 1});
      for (const double y : values(GridPadding::reflection)) CHECK((y >= 1 && y <= 3));
      CHECK(grad(grid_sample(x, fresh_leaf(grid), {mode}), x).to_vector<double>() ==
            std::vector<double>{0, 0, 0});
    }
  }

  TEST_CASE("nearest has a gradient of zero with respect to the grid") {
    const Tensor x = uniform({1, 1, 3}), grid = uniform({1, 2, 1});
    const Tensor y = grid_sample(x, grid, {.mode = Interpolation::nearest});
    CHECK(grad(y, grid).to_vector<double>() == std::vector<double>{0, 0});
  }

  TEST_CASE("names what does not fit") {
    const Tensor x = uniform({2, 1, 3, 3}), grid = uniform({2, 4, 4, 2});
    CHECK_THROWS_WITH_AS(
        grid_sample(x, uniform({2, 4, 4, 3})),
        doctest::Contains("grid_sample: the grid must be [2, *out, 2] with 2 axes in out for x "
                          "[2, 1, 3, 3], got [2, 4, 4, 3]"),
        Error);
    CHECK_THROWS_AS(grid_sample(Tensor(), grid), Error);
    CHECK_THROWS_AS(grid_sample(x, Tensor()), Error);
    CHECK_THROWS_AS(grid_sample(x, cast(grid, f32)), Error);
    CHECK_THROWS_AS(grid_sample(cast(x, i32), cast(grid, i32)), Error);
    CHECK_THROWS_AS(grid_sample(x, uniform({1, 4, 4, 2})), Error);
    CHECK_THROWS_AS(grid_sample(x, uniform({2, 4, 2})), Error);
    CHECK_THROWS_AS(grid_sample(uniform({2, 1, 0, 3}), grid), Error);
    CHECK_THROWS_AS(grid_sample(x, grid, {.mode = Interpolation::area}), Error);
    CHECK_THROWS_AS(grid_sample(uniform({2, 3}), uniform({2, 0})), Error);
  }
}
