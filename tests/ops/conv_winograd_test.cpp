#include "ops/conv_winograd.h"

#include "tests/ops/conv_check.h"

using namespace tessera;
using namespace tessera::detail;
using namespace tessera::testing;

namespace {

void check(const Shape& x_shape, int64_t results, const ConvOptions& options, int64_t slices = 3) {
  const int axes = x_shape.ndim() - 2;
  Shape weight = {results, x_shape[1], 3, 3};
  if (axes == 3) weight = {results, x_shape[1], slices, 3, 3};
  const ConvGeometry g = conv_geometry("conv", axes, x_shape, weight, options);
  REQUIRE(winograd_fits(g));
  check_errors(g, winograd_forward, winograd_backward_data);
  check_weight_error(g, winograd_backward_weight);
}

}  // namespace

TEST_SUITE("ops/conv_winograd") {
  TEST_CASE("all three passes agree with the direct kernels in f64") {
    for (const int64_t extent : {1, 2, 3, 4, 5, 6, 7, 8, 9})
      check({2, 3, extent, 10 - extent}, 5, {.padding = 1});
    for (const int64_t channels : {1, 3, 16, 17, 33, 70}) {
      check({1, channels, 9, 66}, 17, {.padding = 1});
      check({2, 17, 13, 11}, channels, {});
    }
    check({1, 8, 6, 130}, 9, {.padding = {2, 0}});
    check({3, 5, 7, 6}, 8, {.padding = uneven({0, 2}, {3, 1})});
    check({1, 4, 5, 5}, 4, {.padding = 4});
  }

  TEST_CASE("so do layers with many channels, which are blocked otherwise") {
    check({1, 300, 14, 15}, 290, {.padding = 1});
    check({8, 140, 20, 24}, 72, {.padding = 1});
  }

  TEST_CASE("and volumes, whose slices are summed over") {
    for (const int64_t extent : {1, 2, 3, 4, 5, 6, 7, 8, 9})
      check({2, 3, extent, 10 - extent, 5}, 5, {.padding = 1});
    for (const int64_t channels : {1, 3, 16, 17, 33, 70}) {
      check({1, channels, 9, 4, 18}, 17, {.padding = 1});
      check({2, 17, 3, 5, 6}, channels, {});
    }
    check({1, 4, 5, 6, 7}, 3, {.padding = {0, 1, 1}}, 1);
    check({1, 4, 5, 6, 7}, 3, {.padding = {4, 2, 0}}, 5);
    check({2, 5, 4, 7, 6}, 8, {.padding = uneven({2, 0, 1}, {0, 3, 1})}, 2);
    check({1, 9, 19, 21, 22}, 20, {.padding = 1});
    check({2, 130, 5, 8, 7}, 140, {.padding = 1});  // panel by panel
    check({1, 200, 2, 4, 4}, 150, {.padding = 1});  // few tiles
  }

  TEST_CASE("nothing to compute") {
    const ConvGeometry empty = conv_geometry("conv2d", 2, {0, 4, 5, 5}, {3, 4, 3, 3}, {});
    std::vector<float> dw(static_cast<size_t>(empty.w_shape().numel()), 9.0f);
    float* const none = nullptr;
    winograd_forward(empty, none, dw.data(), nullptr, none);
    winograd_backward_weight(empty, none, none, dw.data());
    CHECK(dw == std::vector<float>(dw.size(), 0.0f));
    const ConvGeometry blind = conv_geometry("conv2d", 2, {1, 0, 3, 3}, {2, 0, 3, 3}, {});
    std::vector<float> y(2, 9.0f);
    winograd_forward(blind, static_cast<float*>(nullptr), nullptr, nullptr, y.data());
    CHECK(y == std::vector<float>{0, 0});
  }

  TEST_CASE("other geometries are not for these kernels") {
    const auto fits = [](const Shape& w, const ConvOptions& options) {
      return winograd_fits(conv_geometry("conv2d", 2, {1, 4, 9, 9}, w, options));
    };
    CHECK(fits({4, 4, 3, 3}, {}));
    CHECK(!fits({4, 4, 3, 2}, {}));
    CHECK(!fits({4, 4, 3, 3}, {.stride = {1, 2}}));
    CHECK(!fits({4, 4, 3, 3}, {.dilation = 2}));
    CHECK(!fits({4, 2, 3, 3}, {.groups = 2}));
    CHECK(!winograd_fits(conv_geometry("conv1d", 1, {1, 4, 9}, {4, 4, 3}, {})));
    const Shape x = {1, 4, 9, 9, 9}, w = {4, 4, 5, 3, 3};
    CHECK(winograd_fits(conv_geometry("conv3d", 3, x, w, {})));
    CHECK(!winograd_fits(conv_geometry("conv3d", 3, x, w, {.stride = {2, 1, 1}})));
    CHECK(!winograd_fits(conv_geometry("conv3d", 3, x, {4, 4, 3, 3, 5}, {})));
  }
}
