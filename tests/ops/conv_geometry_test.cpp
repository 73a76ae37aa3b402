#include "ops/conv_geometry.h"

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;
using namespace tessera::detail;

TEST_SUITE("ops/conv_geometry") {
  TEST_CASE("extents follow the formulas") {
    const ConvGeometry g = conv_geometry("conv2d", 2, {2, 4, 10, 7}, {6, 2, 3, 2},
                                         {.stride = {2, 1}, .padding = {1, 0}, .groups = 2});
    CHECK(g.output == Shape{5, 6});
    CHECK(g.y_shape() == Shape{2, 6, 5, 6});
    CHECK(g.w_shape() == Shape{6, 2, 3, 2});
    CHECK(g.flops() == 2.0 * (2 * 6 * 5 * 6) * (2 * 3 * 2));
    const ConvGeometry t =
        conv_transpose_geometry("conv_transpose2d", 2, {1, 4, 5, 5}, {4, 3, 3, 3},
                                {.stride = 2, .padding = 1, .output_padding = 1, .groups = 2});
    CHECK(t.x_shape() == Shape{1, 6, 10, 10});
    CHECK(t.y_shape() == Shape{1, 4, 5, 5});
  }

  TEST_CASE("padding in words and different at the two ends") {
    const Shape x = {1, 1, 6, 6}, w = {1, 1, 4, 3};
    const ConvGeometry same = conv_geometry("conv2d", 2, x, w, {.padding = "same", .dilation = 1});
    CHECK(same.output == Shape{6, 6});
    CHECK(same.before == Shape{1, 1});
    CHECK(conv_geometry("conv2d", 2, x, w, {.padding = "valid"}).output == Shape{3, 4});
    CHECK(conv_geometry("conv2d", 2, x, w, {.padding = uneven({0, 2}, {1, 0})}).output ==
          Shape{4, 6});
  }

  TEST_CASE("what does not fit is an error that says what would") {
    const auto conv = [](const Shape& x, const Shape& w, const ConvOptions& options = {}) {
      return conv_geometry("conv2d", 2, x, w, options);
    };
    CHECK_THROWS_WITH_AS(conv({1, 3, 8, 8}, {4, 5, 3, 3}),
                         "conv2d: input [1, 3, 8, 8] has 3 channels, but weight [4, 5, 3, 3] with "
                         "groups = 1 needs 5",
                         Error);
    CHECK_THROWS_WITH_AS(
        conv({1, 1, 2, 8}, {1, 1, 3, 3}, {.dilation = 2}),
        doctest::Contains("the kernel spans 5 elements of spatial axis 0, but the padded input has "
                          "2"),
        Error);
    CHECK_THROWS_AS(conv({1, 4, 8, 8}, {3, 2, 3, 3}, {.groups = 2}), Error);
    CHECK_THROWS_AS(conv({1, 4, 8, 8}, {4, 4, 3, 3}, {.groups = 0}), Error);
    CHECK_THROWS_AS(conv({1, 4, 8, 8}, {4, 4, 3, 3}, {.stride = 0}), Error);
    CHECK_THROWS_AS(conv({1, 4, 8, 8}, {4, 4, 3, 3}, {.stride = {1, 1, 1}}), Error);
    CHECK_THROWS_AS(conv({1, 4, 8, 8}, {4, 4, 3, 3}, {.padding = -1}), Error);
    CHECK_THROWS_AS(conv({1, 4, 8, 8}, {4, 4, 3, 3}, {.padding = "full"}), Error);
    CHECK_THROWS_AS(conv({1, 4, 8, 8}, {4, 4, 3, 3}, {.stride = 2, .padding = "same"}), Error);
    CHECK_THROWS_AS(conv({1, 4, 8, 8}, {4, 4, 3, 3}, {.dilation = 0}), Error);
    CHECK_THROWS_AS(conv({1, 4, 8, 8}, {4, 4, 0, 3}), Error);
    CHECK_THROWS_AS(conv({1, 4, 8, 8}, {4, 4, 3, 3}, {.stride = int64_t{1} << 40}), Error);

    const auto transpose = [](const Shape& x, const Shape& w, const ConvTransposeOptions& options) {
      return conv_transpose_geometry("conv_transpose2d", 2, x, w, options);
    };
    CHECK_THROWS_WITH_AS(transpose({1, 3, 8, 8}, {4, 5, 3, 3}, {}),
                         doctest::Contains("input [1, 3, 8, 8] has 3 channels, but weight "
                                           "[4, 5, 3, 3] needs 4"),
                         Error);
    CHECK_THROWS_AS(transpose({1, 4, 8, 8}, {4, 5, 3, 3}, {.output_padding = 1}), Error);
    CHECK_THROWS_AS(transpose({1, 4, 2, 2}, {4, 5, 1, 1}, {.padding = 1}), Error);
    CHECK_THROWS_AS(transpose({1, 4, 0, 2}, {4, 5, 1, 1}, {}), Error);
    CHECK_THROWS_AS(transpose({1, 4, 2, 2}, {4, 5, 1, 1}, {.groups = 3}), Error);
  }
}
