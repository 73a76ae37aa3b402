#pragma once

#include "ops/conv.h"
#include "ops/conv_transpose.h"

namespace tessera::detail {

// A convolution y = x * w with every option resolved; also describes its two gradients and the
// transposed convolution, which is one of them. Spatial extents have one entry an axis. Zeros
// behind the input need no entry: they follow from the extents.
struct ConvGeometry {
  int64_t batch = 0, in_channels = 0, out_channels = 0, groups = 1;
  Shape input, kernel, output;
  Shape stride, before, dilation;

  Shape x_shape() const;  // [batch, in_channels, input...]
  Shape w_shape() const;  // [out_channels, in_channels / groups, kernel...]
  Shape y_shape() const;  // [batch, out_channels, output...]
  double flops() const;
  void key(std::string& out) const;
};

// Checks the arguments of a convolution over `axes` spatial axes and resolves its options.
// x must have its batch axis.
ConvGeometry conv_geometry(const char* op, int axes, const Shape& x, const Shape& weight,
                           const ConvOptions& options);

// The same for a transposed convolution: the geometry of the convolution whose gradient it is, so
// that x takes the place of y.
ConvGeometry conv_transpose_geometry(const char* op, int axes, const Shape& x, const Shape& weight,
                                     const ConvTransposeOptions& options);

// What all of them demand of their tensors, before any geometry.
void check_conv_tensors(const char* op, int axes, const Tensor& x, const Tensor& weight,
                        const Tensor& bias, int64_t bias_extent);

}  // namespace tessera::detail
