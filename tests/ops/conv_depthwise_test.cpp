#include "ops/conv_depthwise.h"

#include <doctest/doctest.h>

#include "tests/ops/conv_check.h"

using namespace tessera;
using namespace tessera::detail;
using namespace tessera::testing;

namespace {

// All three passes equal the direct kernels.
void check(const Shape& x_shape, int64_t multiplier, const Shape& kernel, ConvOptions options) {
  Shape weight = {x_shape[1] * multiplier, 1};
  for (const int64_t extent : kernel) weight.push_back(extent);
  options.groups = x_shape[1];
  const ConvGeometry g = conv_geometry("conv", kernel.ndim(), x_shape, weight, options);
  REQUIRE(depthwise_fits(g));
  check_passes(g, depthwise_forward, depthwise_backward_data, depthwise_backward_weight);
}

}  // namespace

TEST_SUITE("ops/conv_depthwise") {
  TEST_CASE("all three passes equal the direct kernels") {
    for (const int64_t stride : {1, 2, 3}) {
      for (const int64_t extent : {1, 2, 3, 5})
        check({2, 3, extent, extent}, 1, {3, 3}, {.stride = stride, .padding = 1});
      for (const int64_t dilation : {1, 2, 3}) {
        for (const int64_t extent : {7, 8, 9, 33, 70})
          check({2, 3, 9, extent}, 1, {3, 3},
                {.stride = stride, .padding = 1, .dilation = dilation});
        check({1, 2, 13, 17}, 2, {2, 5},
              {.stride = stride, .padding = {1, 3}, .dilation = dilation});
      }
    }
    check({2, 5, 19}, 3, {4}, {.stride = 2, .padding = 2});
    check({1, 2, 5, 6, 18}, 1, {3, 2, 3}, {.stride = {2, 1, 2}, .padding = 1});
    check({2, 17, 3, 4}, 1, {3, 3}, {.padding = uneven({0, 2}, {3, 1})});
    check({1, 2, 11, 40}, 1, {1, 1}, {.stride = 7});
    check({1, 2, 4, 4}, 1, {2, 2}, {.padding = 5});
    check({0, 2, 4, 4}, 1, {2, 2}, {});
  }

  TEST_CASE("each channel must be a group") {
    const auto fits = [](const Shape& w, int64_t groups) {
      return depthwise_fits(conv_geometry("conv2d", 2, {1, 4, 9, 9}, w, {.groups = groups}));
    };
    CHECK(fits({8, 1, 3, 3}, 4));
    CHECK(!fits({8, 2, 3, 3}, 2));
    CHECK(!fits({8, 4, 3, 3}, 1));
  }
}
