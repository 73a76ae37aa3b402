#include "nn/conv.h"

#include <doctest/doctest.h>

#include "core/random.h"
#include "nn/init.h"
#include "ops/creation.h"
#include "tests/error_of.h"
#include "tests/nn/layer_oracle.h"

using namespace tessera;
using testing::error_of;

TEST_SUITE("nn/conv") {
  TEST_CASE("convolutions are those of torch.nn") {
    const testing::LayerOracle oracle;
    oracle.check("conv1d", [] { return nn::Conv1d(2, 3, 3, {.stride = 2, .padding = 1}); });
    oracle.check("conv2d", [] { return nn::Conv2d(3, 4, 3, {.padding = 1}); });
    oracle.check("conv2d strided", [] {
      return nn::Conv2d(4, 2, {3, 2},
                        {.stride = {2, 1}, .padding = {1, 0}, .groups = 2, .bias = false});
    });
    oracle.check("conv2d same", [] {
      return nn::Conv2d(2, 2, {2, 3}, {.padding = "same", .dilation = 2});
    });
    oracle.check("conv2d depthwise",
                 [] { return nn::Conv2d(4, 8, 3, {.padding = 1, .groups = 4}); });
    oracle.check("conv2d unbatched", [] { return nn::Conv2d(2, 3, 1); });
    oracle.check("conv3d", [] { return nn::Conv3d(2, 2, {1, 2, 3}, {.padding = {0, 1, 1}}); });
    for (const auto& [name, mode] :
         {std::pair("reflect", PadMode::reflect), std::pair("replicate", PadMode::replicate),
          std::pair("circular", PadMode::circular)}) {
      oracle.check(std::string("conv2d ") + name, [m = mode] {
        return nn::Conv2d(2, 1, 3, {.padding = {2, 1}, .padding_mode = m});
      });
    }
  }

  TEST_CASE("transposed convolutions are those of torch.nn") {
    const testing::LayerOracle oracle;
    oracle.check("conv_transpose1d",
                 [] { return nn::ConvTranspose1d(2, 3, 3, {.stride = 2, .output_padding = 1}); });
    oracle.check("conv_transpose2d", [] { return nn::ConvTranspose2d(4, 2, 2, {.stride = 2}); });
    oracle.check("conv_transpose2d grouped", [] {
      return nn::ConvTranspose2d(
          4, 6, 3, {.stride = 2, .padding = 1, .output_padding = 1, .groups = 2, .bias = false});
    });
    oracle.check("conv_transpose2d dilated", [] {
      return nn::ConvTranspose2d(2, 2, {3, 2}, {.dilation = {1, 2}});
    });
    oracle.check("conv_transpose3d", [] {
      return nn::ConvTranspose3d(2, 1, 2, {.stride = {1, 2, 2}});
    });
  }

  TEST_CASE("parameters begin uniform in +-1 / sqrt(fan_in)") {
    manual_seed(1);
    const nn::Conv2d conv(16, 64, 3, {.groups = 2});        // fan_in 8 * 9 = 72
    const nn::ConvTranspose2d up(8, 32, 3, {.groups = 2});  // 16 * 9 = 144, as torch counts
    for (const auto& [layer, bound] : {std::pair<const nn::ConvBase*, double>(&conv, 0.11785113),
                                       std::pair<const nn::ConvBase*, double>(&up, 0.08333333)}) {
      for (const Tensor& parameter : {layer->weight, layer->bias}) {
        double largest = 0, squares = 0;
        for (const double v : parameter.to_vector<double>()) {
          largest = std::max(largest, std::abs(v));
          squares += v * v;
        }
        CHECK(largest <= bound * 1.000001);
        CHECK(largest > bound * 0.8);
        // The variance of a uniform number in +-b is b^2 / 3.
        CHECK(squares / static_cast<double>(parameter.numel()) ==
              doctest::Approx(bound * bound / 3).epsilon(parameter.numel() > 64 ? 0.05 : 0.4));
      }
    }
  }

  TEST_CASE("settings are described") {
    CHECK(nn::Conv2d(3, 64, 3, {.padding = 1}).describe() == "3, 64, kernel=3, padding=1");
    CHECK(nn::Conv2d(4, 4, {3, 1}, {.stride = 2, .groups = 4, .bias = false}).describe() ==
          "4, 4, kernel=[3, 1], stride=2, groups=4, bias=false");
    CHECK(nn::Conv2d(4, 4, 2, {.padding = "same", .padding_mode = PadMode::reflect}).describe() ==
          "4, 4, kernel=2, padding=[0, 0] and [1, 1], padding_mode=reflect");
    CHECK(nn::ConvTranspose2d(4, 2, 2, {.stride = 2, .output_padding = {1, 0}}).describe() ==
          "4, 2, kernel=2, stride=2, output_padding=[1, 0]");
    CHECK(nn::Conv2d(1, 1, 1).type_name() == "Conv2d");
  }

  TEST_CASE("wrong settings and inputs are refused") {
    CHECK(error_of([] { nn::Conv2d(0, 4, 3); }) ==
          "Conv2d: in_channels and out_channels must be positive, got 0 and 4");
    CHECK(error_of([] { nn::Conv2d(4, 6, 3, {.groups = 4}); }) ==
          "Conv2d: in_channels and out_channels must be multiples of groups, got 4, 6 and groups "
          "4");
    CHECK(error_of([] {
            nn::Conv3d(4, 4, {3, 3});
          })
              .find("Conv3d: kernel_size must be one number "
                    "or 3") == 0);
    CHECK(error_of([] { nn::Conv2d(4, 4, 3, {.stride = 0}); }).find("Conv2d: stride") == 0);
    CHECK(error_of([] { nn::Conv2d(4, 4, 3, {.padding = -1}); }).find("Conv2d: padding") == 0);
    CHECK(error_of([] {
            nn::ConvTranspose2d(4, 4, 2, {.stride = 2, .output_padding = 2});
          }).find("ConvTranspose2d: output_padding must be smaller than stride or dilation") == 0);
    nn::Conv2d conv(3, 4, 3);
    const std::string text = error_of([&] { conv(zeros({1, 4, 8, 8})); });
    CHECK(text.find("[1, 4, 8, 8]") != std::string::npos);
    CHECK(text.find("conv_test.cpp") != std::string::npos);
    CHECK(text.find("in Conv2d") != std::string::npos);
  }
}
