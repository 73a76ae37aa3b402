#pragma once

#include <optional>
#include <vector>

#include "nn/activation.h"
#include "nn/container.h"
#include "nn/conv.h"
#include "nn/dropout.h"
#include "nn/norm.h"

// Parts that many networks are made of. The names of their members are those of the networks'
// published weights.
namespace tessera::nn {

// Convolution, norm, activation, named "conv", "norm" and "act"; x [N, in_channels, H, W]. With
// stride 1 the extents stay unless padding is given.
struct ConvNormActOptions {
  PerAxis stride = 1;
  std::optional<Padding> padding = std::nullopt;  // left out: dilation (kernel - 1) / 2
  PerAxis dilation = 1;
  int64_t groups = 1;
  std::optional<bool> bias = std::nullopt;  // left out: only without a norm, which has its own
  Norm norm = Norm::batch;
  Activation activation = Activation::relu;
};
struct ConvNormAct : Module {
  ConvNormAct(int64_t in_channels, int64_t out_channels, const PerAxis& kernel_size,
              const ConvNormActOptions& options = {});
  Conv2d& conv;
  Module &norm, &act;

  Tensor forward(const Tensor& x) override;
};

// Twice: convolution 3 x 3, norm, activation; the first to mid_channels (out_channels where left
// out). The block of U-Nets: members "double_conv.0" (convolution), ".1" (norm), ".3" and ".4".
struct DoubleConvOptions {
  std::optional<int64_t> mid_channels = std::nullopt;
  bool bias = true;
  Norm norm = Norm::batch;
  Activation activation = Activation::relu;
};
struct DoubleConv : Module {
  DoubleConv(int64_t in_channels, int64_t out_channels, const DoubleConvOptions& options = {});
  Sequential& double_conv;

  Tensor forward(const Tensor& x) override { return double_conv(x); }
};

// A convolution of each channel for itself, and then of all channels at each place, named
// "depthwise" and "pointwise"; padding as in ConvNormAct. Chollet 2016, arXiv:1610.02357.
struct DepthwiseSeparableConvOptions {
  PerAxis stride = 1;
  PerAxis dilation = 1;
  bool bias = false;
};
struct DepthwiseSeparableConv : Module {
  DepthwiseSeparableConv(int64_t in_channels, int64_t out_channels, const PerAxis& kernel_size,
                         const DepthwiseSeparableConvOptions& options = {});
  Conv2d &depthwise, &pointwise;

  Tensor forward(const Tensor& x) override { return pointwise(depthwise(x)); }
};

// x [N, C, H, W] times a factor in (0, 1) for each channel, which two layers of squeeze_channels
// and C channels find from the means of all channels; members "fc1", "fc2". Hu et al. 2017,
// arXiv:1709.01507. Same as torchvision.ops.SqueezeExcitation.
struct SqueezeExcite : Module {
  SqueezeExcite(int64_t channels, int64_t squeeze_channels);
  Conv2d &fc1, &fc2;

  Tensor forward(const Tensor& x) override;
};

// Atrous spatial pyramid pooling: x [N, in_channels, H, W] seen by a 1 x 1 convolution, by 3 x 3
// convolutions of each of the dilations, and as its mean, each to out_channels, and all of them
// joined by a 1 x 1 convolution. Batch norm and relu behind each, dropout at the end. Members
// "aspp1", "aspp2", ... (".atrous_conv", ".bn"), "global_avg_pool" (".1", ".2"), "conv1", "bn1",
// "dropout". Chen et al. 2018, arXiv:1802.02611. The mean is one value a channel, so training takes
// at least two images.
struct ASPPOptions {
  int64_t out_channels = 256;
  Shape dilations = {6, 12, 18};
  double dropout = 0.5;
};
struct ASPP : Module {
  explicit ASPP(int64_t in_channels, const ASPPOptions& options = {});

  std::vector<Module*> aspp;  // "aspp1", "aspp2", ...
  Sequential& global_avg_pool;
  Conv2d& conv1;
  BatchNorm2d& bn1;
  Dropout& dropout;

  Tensor forward(const Tensor& x) override;

 private:
  std::vector<Module*> add_branches(int64_t in_channels, const ASPPOptions& options);
};

}  // namespace tessera::nn
