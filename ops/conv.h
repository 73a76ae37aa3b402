#pragma once

#include <concepts>

#include "core/tensor.h"
#include "ops/per_axis.h"

namespace tessera {

// Zeros around the input of a convolution: `.padding = 1` at both ends of every spatial axis,
// `.padding = {1, 2}` for each axis, `.padding = uneven({0, 1}, {1, 1})` different ones in front
// and behind, `.padding = "same"` so that a convolution of stride 1 keeps the extents (the odd zero
// goes behind), `.padding = "valid"` none.
class Padding {
 public:
  template <std::integral T>
  Padding(T all)  // NOLINT(google-explicit-constructor)
      : before_(all), after_(all) {}
  Padding(std::initializer_list<int64_t> each) : before_(each), after_(each) {}
  Padding(const Shape& each)
      : before_(each), after_(each) {}        // NOLINT(google-explicit-constructor)
  Padding(const char* mode) : mode_(mode) {}  // NOLINT(google-explicit-constructor)

  friend Padding uneven(const PerAxis& before, const PerAxis& after) {
    Padding padding(0);
    padding.before_ = before;
    padding.after_ = after;
    return padding;
  }

  // Zeros in front of and behind each of the axes of `kernel`.
  struct Ends {
    Shape before, after;
  };
  Ends resolve(const char* op, const Shape& kernel, const Shape& stride,
               const Shape& dilation) const;

 private:
  PerAxis before_, after_;
  const char* mode_ = nullptr;
};
Padding uneven(const PerAxis& before, const PerAxis& after);

struct ConvOptions {
  PerAxis stride = 1;
  Padding padding = 0;
  PerAxis dilation = 1;
  int64_t groups = 1;  // channels of the input and of the output are cut into so many, kept apart
};

// Cross-correlation of a batch of signals, images or volumes with a bank of filters. In two
// dimensions, for groups = 1:
//
//   y[n, o, i, j] = bias[o] + sum_{c, u, v} weight[o, c, u, v] *
//                   x[n, c, i * stride + u * dilation - padding, j * stride + v * dilation -
//                   padding]
//
// x       [N, C, L], [N, C, H, W] or [N, C, D, H, W], or without N; floating
// weight  [O, C / groups, k...], dtype of x
// bias    [O], dtype of x, or undefined for none
// returns [N, O, e...], e = floor((E + before + after - dilation (k - 1) - 1) / stride) + 1
// throws  Error when ranks, channels or dtypes do not fit, or when the kernel is larger than the
//         padded input
//
// f32 is summed in f32 in a fixed order; halves are summed in f32 and rounded once. Same as
// torch.nn.functional.conv1d, conv2d, conv3d; padding may also differ at the two ends.
Tensor conv1d(const Operand& x, const Tensor& weight, const Tensor& bias = {},
              const ConvOptions& options = {});
Tensor conv2d(const Operand& x, const Tensor& weight, const Tensor& bias = {},
              const ConvOptions& options = {});
Tensor conv3d(const Operand& x, const Tensor& weight, const Tensor& bias = {},
              const ConvOptions& options = {});

}  // namespace tessera
