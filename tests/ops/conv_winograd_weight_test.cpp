#include "ops/conv_winograd.h"

#include "tests/ops/conv_check.h"

using namespace tessera;
using namespace tessera::detail;
using namespace tessera::testing;

TEST_SUITE("ops/conv_winograd_weight") {
  TEST_CASE("the gradient of weights, however many tiles are transformed together") {
    const auto check = [](const Shape& x, const Shape& w) {
      const ConvGeometry g = conv_geometry("conv", x.ndim() - 2, x, w, {.padding = 1});
      check_weight_error(g, winograd_backward_weight);
    };
    check({1, 3, 12, 12}, {4, 3, 3, 3});     // all
    check({1, 8, 130, 130}, {20, 8, 3, 3});  // some
    check({6, 66, 16, 20}, {70, 66, 3, 3});  // all, several panels
    check({2, 10, 24, 33, 34}, {9, 10, 3, 3, 3});
  }

  TEST_CASE("no image, no gradient") {
    const ConvGeometry g = conv_geometry("conv3d", 3, {0, 4, 5, 5, 5}, {3, 4, 3, 3, 3}, {});
    std::vector<float> dw(static_cast<size_t>(g.w_shape().numel()), 9.0f);
    float* const none = nullptr;
    winograd_backward_weight(g, none, none, dw.data());
    CHECK(dw == std::vector<float>(dw.size(), 0.0f));
  }
}
