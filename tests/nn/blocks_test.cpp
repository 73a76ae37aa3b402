#include "nn/blocks.h"

#include <doctest/doctest.h>

#include "ops/creation.h"
#include "tests/nn/layer_oracle.h"

using namespace tessera;
using testing::error_of;

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

  TEST_CASE("norms and activations are made by name") {
    CHECK(nn::make_norm(nn::Norm::none, 3)->type_name() == "Identity");
    CHECK(nn::make_norm(nn::Norm::batch, 3, 1)->type_name() == "BatchNorm1d");
    CHECK(nn::make_norm(nn::Norm::batch, 3)->type_name() == "BatchNorm2d");
    CHECK(nn::make_norm(nn::Norm::batch, 3, 3)->type_name() == "BatchNorm3d");
    CHECK(nn::make_norm(nn::Norm::instance, 3, 1)->type_name() == "InstanceNorm1d");
    CHECK(nn::make_norm(nn::Norm::instance, 3)->describe() == "3, affine=true");
    CHECK(nn::make_norm(nn::Norm::instance, 3, 3)->type_name() == "InstanceNorm3d");
    CHECK(nn::make_norm(nn::Norm::group, 96)->describe() == "32, 96");
    CHECK(nn::make_norm(nn::Norm::group, 20)->describe() == "4, 20");
    CHECK(error_of([] { nn::make_norm(nn::Norm::batch, 3, 4); }) ==
          "make_norm: axes must be 1, 2 or 3, got 4");
    for (const auto& [activation, name] :
         {std::pair(nn::Activation::none, "Identity"), std::pair(nn::Activation::relu, "ReLU"),
          std::pair(nn::Activation::relu6, "ReLU6"),
          std::pair(nn::Activation::leaky_relu, "LeakyReLU"), std::pair(nn::Activation::elu, "ELU"),
          std::pair(nn::Activation::gelu, "GELU"), std::pair(nn::Activation::silu, "SiLU"),
          std::pair(nn::Activation::hardswish, "Hardswish")}) {
      CHECK(nn::make_activation(activation)->type_name() == name);
    }
  }
}
