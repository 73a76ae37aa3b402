#include "nn/pool.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "ops/creation.h"
#include "ops/shape.h"
#include "tests/error_of.h"
#include "tests/nn/layer_oracle.h"

using namespace tessera;
using testing::error_of;

TEST_SUITE("nn/pool") {
  TEST_CASE("pools are those of torch.nn") {
    const testing::LayerOracle oracle;
    oracle.check("max_pool1d", [] { return nn::MaxPool1d(2); });
    oracle.check("max_pool2d", [] { return nn::MaxPool2d(3, {.stride = 2, .padding = 1}); });
    oracle.check("max_pool2d ceil", [] { return nn::MaxPool2d(2, {.ceil_mode = true}); });
    oracle.check("max_pool2d dilated", [] {
      return nn::MaxPool2d({2, 3}, {.stride = 1, .dilation = {2, 1}});
    });
    oracle.check("max_pool3d", [] { return nn::MaxPool3d(2); });
    oracle.check("avg_pool1d", [] { return nn::AvgPool1d(3, {.stride = 1, .padding = 1}); });
    oracle.check("avg_pool2d", [] {
      return nn::AvgPool2d(
          3, {.stride = 2, .padding = 1, .ceil_mode = true, .count_include_pad = false});
    });
    oracle.check("avg_pool2d divisor", [] { return nn::AvgPool2d(2, {.divisor_override = 3}); });
    oracle.check("avg_pool3d", [] { return nn::AvgPool3d({1, 2, 2}); });
  }

  TEST_CASE("adaptive pools are those of torch.nn") {
    const testing::LayerOracle oracle;
    oracle.check("adaptive_avg_pool1d", [] { return nn::AdaptiveAvgPool1d(2); });
    oracle.check("adaptive_avg_pool2d", [] { return nn::AdaptiveAvgPool2d({2, 3}); });
    oracle.check("adaptive_avg_pool3d", [] { return nn::AdaptiveAvgPool3d(1); });
    oracle.check("adaptive_max_pool1d", [] { return nn::AdaptiveMaxPool1d(2); });
    oracle.check("adaptive_max_pool2d", [] { return nn::AdaptiveMaxPool2d(2); });
    oracle.check("adaptive_max_pool3d", [] { return nn::AdaptiveMaxPool3d(1); });
  }

  TEST_CASE("unpools are those of torch.nn") {
    const testing::LayerOracle oracle;
    oracle.check(
        "max_unpool2d", [] { return nn::MaxUnpool2d(2); },
        [](nn::MaxUnpool2d& unpool, const Tensors& x) { return unpool(x[0], x[1]); });
    oracle.check(
        "max_unpool2d size", [] { return nn::MaxUnpool2d(2); },
        [](nn::MaxUnpool2d& unpool, const Tensors& x) {
          return unpool(x[0], x[1], {5, 4});
        });
  }

  TEST_CASE("Jittor's adaptive windows are of equal width") {
    // 7 elements in 3 windows: width 3, 2 apart.
    const Tensor x = reshape(arange(0, 7, 1, f32), {1, 1, 7});
    CHECK(nn::AdaptiveAvgPool1d(3, nn::AdaptiveWindows::jittor)(x).to_vector<float>() ==
          std::vector<float>{1, 3, 5});
    const Tensor even = reshape(arange(0, 6, 1, f32), {1, 1, 6});
    CHECK(nn::AdaptiveAvgPool1d(3, nn::AdaptiveWindows::jittor)(even).to_vector<float>() ==
          nn::AdaptiveAvgPool1d(3)(even).to_vector<float>());
    CHECK(nn::AdaptiveAvgPool1d(-1, nn::AdaptiveWindows::jittor)(x).to_vector<float>() ==
          x.to_vector<float>());
    CHECK(error_of([&] {
            nn::AdaptiveAvgPool1d(8, nn::AdaptiveWindows::jittor)(x);
          }).find("must lie between 1 and the extents of x, got [8]") != std::string::npos);
  }

  TEST_CASE("settings are described") {
    CHECK(nn::MaxPool2d(2).describe() == "kernel=2");
    CHECK(nn::MaxPool2d({3, 2}, {.stride = 2, .padding = 1, .ceil_mode = true}).describe() ==
          "kernel=[3, 2], stride=2, padding=1, ceil_mode=true");
    CHECK(nn::AvgPool2d(2, {.count_include_pad = false}).describe() ==
          "kernel=2, count_include_pad=false");
    CHECK(nn::AdaptiveAvgPool2d({2, 3}).describe() == "[2, 3]");
    CHECK(nn::AdaptiveAvgPool2d(1, nn::AdaptiveWindows::jittor).describe() == "1, windows=jittor");
    CHECK(nn::MaxUnpool2d(2, {.stride = 3}).describe() == "kernel=2, stride=3");
  }

  TEST_CASE("wrong settings and inputs are refused") {
    CHECK(error_of([] {
            nn::MaxPool2d({2, 2, 2});
          }).find("MaxPool2d: kernel_size must be one") == 0);
    CHECK(error_of([] { nn::MaxPool2d(2, {.stride = 0}); }).find("MaxPool2d: stride") == 0);
    CHECK(error_of([] { nn::AvgPool2d(2, {.divisor_override = 0}); }) ==
          "AvgPool2d: divisor_override must not be 0");
    CHECK(error_of([] {
            nn::AdaptiveMaxPool2d({1, 2, 3});
          }).find("AdaptiveMaxPool2d: output_size") == 0);
    CHECK(error_of([] { nn::MaxPool2d(2)(ones({4})); }).find("in MaxPool2d") != std::string::npos);
  }
}
