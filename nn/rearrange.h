#pragma once

#include "nn/module.h"

// Layers that give the elements of x another shape or order; ops/axes.h and ops/fold.h say how.
// Same as the classes of these names in torch.nn.
namespace tessera::nn {

// The axes start_dim to end_dim made one.
struct Flatten : Module {
  explicit Flatten(int64_t start_dim = 1, int64_t end_dim = -1)
      : start_dim(start_dim), end_dim(end_dim) {}
  int64_t start_dim, end_dim;
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
};

// One axis split into several; one extent may be -1.
struct Unflatten : Module {
  Unflatten(int64_t dim, const Shape& unflattened_size)
      : dim(dim), unflattened_size(unflattened_size) {}
  int64_t dim;
  Shape unflattened_size;
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
};

// [..., C r^2, H, W] -> [..., C, H r, W r], r = upscale_factor.
struct PixelShuffle : Module {
  explicit PixelShuffle(int64_t upscale_factor);
  int64_t upscale_factor;
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
};

// [..., C, H r, W r] -> [..., C r^2, H, W], r = downscale_factor.
struct PixelUnshuffle : Module {
  explicit PixelUnshuffle(int64_t downscale_factor);
  int64_t downscale_factor;
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
};

// The channels of x [N, C, ...], C = groups * size, in the order (size, groups).
struct ChannelShuffle : Module {
  explicit ChannelShuffle(int64_t groups);
  int64_t groups;
  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
};

}  // namespace tessera::nn
