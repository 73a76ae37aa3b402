#pragma once

#include <vector>

#include "nn/module.h"
#include "ops/interpolate.h"

namespace tessera::nn {

// As in torch.nn.Upsample; ops/interpolate.h explains them.
struct UpsampleOptions {
  Shape size = {};                        // output extents, or ...
  std::vector<double> scale_factor = {};  // ... factors: for each spatial axis, or one for all
  Interpolation mode = Interpolation::nearest;
  bool align_corners = false;
  bool recompute_scale_factor = false;
};

// x [N, C, spatial...] resized along its spatial axes. Same as torch.nn.Upsample:
//
//   nn::Upsample up({.scale_factor = {2}, .mode = Interpolation::bilinear});
struct Upsample : Module {
  // Throws Error unless exactly one of size and scale_factor is given, all of them positive.
  explicit Upsample(const UpsampleOptions& options);
  UpsampleOptions options;

  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
};

}  // namespace tessera::nn
