#include "ops/conv_depthwise.h"

#include <vector>

#include <doctest/doctest.h>

#include "ops/conv_kernels.h"

using namespace tessera;
using namespace tessera::detail;

namespace {

// Small whole numbers, so that every order of summation gives the same.
std::vector<float> numbers(const Shape& shape, int64_t seed) {
  std::vector<float> values(static_cast<size_t>(shape.numel()));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>((static_cast<int64_t>(i) * 7919 + seed) % 7 - 3);
  return values;
}

// All three passes equal the direct kernels.
void check(const Shape& x_shape, int64_t multiplier, const Shape& kernel, ConvOptions options) {
  Shape weight = {x_shape[1] * multiplier, 1};
  for (const int64_t extent : kernel) weight.push_back(extent);
  options.groups = x_shape[1];
  const ConvGeometry g = conv_geometry("conv", kernel.ndim(), x_shape, weight, options);
  CAPTURE(x_shape.str());
  CAPTURE(weight.str());
  CAPTURE(g.stride.str());
  REQUIRE(depthwise_fits(g));
  const auto x = numbers(g.x_shape(), 1), w = numbers(g.w_shape(), 2), dy = numbers(g.y_shape(), 3);
  const auto bias = numbers({g.out_channels}, 4);
  for (const float* b : {static_cast<const float*>(nullptr), bias.data()}) {
    std::vector<float> y(dy.size(), 9.0f), dx(x.size(), 9.0f), dw(w.size(), 9.0f);
    std::vector<float> expected_y = y, expected_dx = dx, expected_dw = dw;
    depthwise_forward(g, x.data(), w.data(), b, y.data());
    depthwise_backward_data(g, dy.data(), w.data(), b, dx.data());
    depthwise_backward_weight(g, x.data(), dy.data(), dw.data());
    conv_forward(g, x.data(), w.data(), b, expected_y.data());
    conv_backward_data(g, dy.data(), w.data(), b, expected_dx.data());
    conv_backward_weight(g, x.data(), dy.data(), expected_dw.data());
    CHECK(y == expected_y);
    CHECK(dx == expected_dx);
    CHECK(dw == expected_dw);
  }
}

}  // namespace

TEST_SUITE("ops/conv_depthwise") {
  TEST_CASE("all three passes equal the direct kernels") {
    for (const int64_t stride : {1, 2, 3}) {
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
