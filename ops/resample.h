#pragma once

#include "core/tensor.h"

namespace tessera {

// How an output is made of the inputs around its position.
enum class Filter : uint8_t {
  nearest,  // the input next to it, by NearestRounding
  linear,   // a triangle of width 2
  cubic,    // Keys' cubic convolution, width 4
  area,     // the mean of the inputs its cell touches, as adaptive average pooling
};

// Where output i of `extent` lies among the inputs 0, ..., n - 1 of the axis, with
// scale = extent / n unless given. The names are those of ONNX Resize.
enum class Coordinates : uint8_t {
  half_pixel,            // (i + 0.5) / scale - 0.5
  pytorch_half_pixel,    // the same, but -0.5 when scale * n is 1
  half_pixel_symmetric,  // the same, with the centers of input and output aligned
  align_corners,         // i (n - 1) / (scale n - 1): the first and last elements coincide
  asymmetric,            // i / scale
  tf_half_pixel_for_nn,  // (i + 0.5) / scale
  tf_crop_and_resize,    // align_corners from roi_start (n - 1) to roi_end (n - 1)
};

// Which input is nearest; they differ at ties or by definition.
enum class NearestRounding : uint8_t { round_prefer_floor, round_prefer_ceil, floor, ceil };

struct ResampleOptions {
  Filter filter = Filter::linear;
  Coordinates coordinates = Coordinates::half_pixel;
  NearestRounding rounding = NearestRounding::round_prefer_floor;
  double scale = 0;        // 0: extent / n
  double cubic_a = -0.75;  // slope parameter of the cubic; torch antialiases with -0.5
  bool antialias = false;  // linear and cubic: widen the filter by 1 / scale if that is above 1
  bool exclude_outside = false;  // taps beyond the ends: left out and the rest normalized to sum 1,
                                 // instead of read at the end
  double roi_start = 0, roi_end = 1;  // tf_crop_and_resize: in units of n - 1; may run backwards
  double extrapolation_value = 0;     // tf_crop_and_resize: value of outputs beyond the ends
};

// x with one axis resampled to `extent` elements: each is a weighted sum of some elements along the
// axis. Resizing an image is this along one axis after the other (see interpolate).
//
// x       any shape; floating, or any dtype for Filter::nearest
// returns the shape of x with x.shape(axis) replaced by extent, dtype of x
// throws  Error when the axis is empty and extent is not, or when options contradict each other
//
// Any mode of ONNX Resize is some choice of options. Differentiable any number of times: the
// adjoint is a resampling too.
Tensor resample(const Operand& x, int64_t axis, int64_t extent,
                const ResampleOptions& options = {});

}  // namespace tessera
