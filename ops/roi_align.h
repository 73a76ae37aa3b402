#pragma once

#include "core/tensor.h"
#include "ops/per_axis.h"

namespace tessera {

enum class RoiPooling : uint8_t {
  avg,  // the mean of a cell's samples
  max,  // the largest contribution weight * element to a cell's samples, as ONNX RoiAlign
};

struct RoiAlignOptions {
  PerAxis output_size = 1;      // cells of the grid laid over a box: height and width
  double spatial_scale = 1;     // from box coordinates to elements of x
  int64_t sampling_ratio = -1;  // samples a cell along an axis; <= 0: one for every element covered
  // Coordinates count from the outer edge of the first element, not from its center. Otherwise
  // boxes smaller than one element are widened to one.
  bool aligned = false;
  RoiPooling mode = RoiPooling::avg;
};

// Each box of a feature map resampled to a grid of one size. He et al. 2017, arXiv:1703.06870.
//
// x       [N, C, H, W], floating
// boxes   [K, 5], dtype of x: index of the image, x1, y1, x2, y2
// returns [K, C, *output_size], dtype of x
// throws  Error when shapes or dtypes do not fit, when an image index is not in [0, N), or when a
//         box is not finite or covers more than 2^20 elements along an axis without a
//         sampling_ratio
//
// Same as torchvision.ops.roi_align. Samples more than one element outside are 0. Differentiable
// any number of times with respect to x; boxes have no gradient.
Tensor roi_align(const Operand& x, const Tensor& boxes, const RoiAlignOptions& options = {});

}  // namespace tessera
