#pragma once

#include <array>
#include <vector>

#include "core/tensor.h"
#include "io/axis_resample.h"

namespace tessera::io {

// The two labels between which a place is along an axis, and the weight of each.
struct LabelTap {
  int64_t low = 0, high = 0;
  double low_weight = 1, high_weight = 0;
};

// At a place among elements 0, ..., n - 1; outside it is at the end. Interpolation::nearest gives
// one of them all the weight; others are linear.
LabelTap label_tap(double place, int64_t n, Interpolation interpolation);

// Of the labels at the corners of a box, with the weights of their corners, the one that has half
// of the weight or more (the larger one of two); 0 when none has. Corner 4 i + 2 j + k has weight
// weights[0][i] weights[1][j] weights[2][k]. Sums are in the order of scipy.ndimage.zoom, so that
// ties fall as in nnU-Net.
int32_t vote(const std::array<int32_t, 8>& corners,
             const std::array<std::array<double, 2>, 3>& weights);

// Labels [outer, D, H, W], as i32, at the places that three lists of taps give.
std::vector<int32_t> resample_labels(const std::vector<int32_t>& labels, int64_t outer,
                                     const std::array<int64_t, 3>& size,
                                     const std::array<std::vector<LabelTap>, 3>& taps);

// Labels of any dtype as i32, and back. Throws Error, beginning with `name`, when one is not a
// whole number of 32 bits.
std::vector<int32_t> labels_of(const Tensor& labels, const char* name);
Tensor labels_tensor(const std::vector<int32_t>& labels, const Shape& shape, DType dtype);

}  // namespace tessera::io
