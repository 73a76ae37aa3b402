#pragma once

#include <optional>

#include "nn/container.h"
#include "nn/conv.h"
#include "nn/norm.h"

// The blocks of residual networks, with the names of torchvision's: y = relu(f(x) + shortcut(x)),
// where the shortcut "downsample" is a 1 x 1 convolution (".0") and a batch norm (".1") if f
// changes extents or channels, else x itself. He et al. 2015, arXiv:1512.03385.
namespace tessera::nn {

struct ResidualOptions {
  int64_t stride = 1;
  int64_t dilation = 1;  // of the 3 x 3 convolutions, with as much padding
};

// Two 3 x 3 convolutions; x [N, in_channels, H, W] -> [N, planes, H / stride, W / stride].
struct BasicBlock : Module {
  static constexpr int64_t kExpansion = 1;
  BasicBlock(int64_t in_channels, int64_t planes, const ResidualOptions& options = {});
  Conv2d& conv1;
  BatchNorm2d& bn1;
  Conv2d& conv2;
  BatchNorm2d& bn2;
  Sequential* downsample;  // null: x itself

  Tensor forward(const Tensor& x) override;
};

// Convolutions 1 x 1 to `planes` channels, 3 x 3 with the stride, and 1 x 1 to 4 planes;
// x [N, in_channels, H, W] -> [N, 4 planes, H / stride, W / stride].
struct Bottleneck : Module {
  static constexpr int64_t kExpansion = 4;
  Bottleneck(int64_t in_channels, int64_t planes, const ResidualOptions& options = {});
  Conv2d& conv1;
  BatchNorm2d& bn1;
  Conv2d& conv2;
  BatchNorm2d& bn2;
  Conv2d& conv3;
  BatchNorm2d& bn3;
  Sequential* downsample;  // null: x itself

  Tensor forward(const Tensor& x) override;
};

}  // namespace tessera::nn
