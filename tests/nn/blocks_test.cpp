#include "nn/blocks.h"

#include <doctest/doctest.h>

#include "ops/creation.h"
#include "tests/nn/layer_oracle.h"

using namespace tessera;

TEST_SUITE("nn/blocks") {
  TEST_CASE("double convolutions have the names and values of the U-Net's") {
    const testing::LayerOracle oracle("blocks");
    oracle.check("double_conv", [] { return nn::DoubleConv(2, 3); });
    oracle.check("double_conv group", [] {
      return nn::DoubleConv(1, 2,
                            {.mid_channels = 4,
                             .bias = false,
                             .norm = nn::Norm::group,
                             .activation = nn::Activation::silu});
    });
    CHECK(nn::DoubleConv(3, 64).parameter_count() == 3 * 64 * 9 + 64 * 64 * 9 + 6 * 64);
  }

  TEST_CASE("a convolution with norm and activation pads so that extents stay") {
    const testing::LayerOracle oracle("blocks");
    oracle.check("conv_norm_act", [] {
      return nn::ConvNormAct(
          2, 4, 3,
          {.stride = 2, .dilation = 2, .groups = 2, .activation = nn::Activation::leaky_relu});
    });
    oracle.check("conv_norm_act plain", [] {
      return nn::ConvNormAct(2, 2, {1, 3},
                             {.norm = nn::Norm::none, .activation = nn::Activation::none});
    });
    nn::ConvNormAct unpadded(1, 1, 3, {.padding = 0, .bias = true});
    CHECK(unpadded(ones({2, 1, 5, 5})).shape() == Shape{2, 1, 3, 3});
    CHECK(unpadded.conv.bias.defined());
  }

  TEST_CASE("separable convolutions, squeeze and excitation, and the pyramid") {
    const testing::LayerOracle oracle("blocks");
    oracle.check("depthwise_separable",
                 [] { return nn::DepthwiseSeparableConv(3, 2, 3, {.stride = 2}); });
    oracle.check("squeeze_excite", [] { return nn::SqueezeExcite(4, 2); });
    oracle.check("aspp", [] {
      return nn::ASPP(3, {.out_channels = 2, .dilations = {1, 2}, .dropout = 0});
    });
    const nn::ASPP aspp(2048);  // of DeepLabV3+
    CHECK(aspp.parameter_count() == 2048 * 256 * (1 + 3 * 9 + 1) + 5 * 256 * 256 + 6 * 2 * 256);
    CHECK(aspp.dropout.p == 0.5);
  }
}
