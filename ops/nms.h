#pragma once

#include <limits>
#include <optional>

#include "core/tensor.h"

namespace tessera {

// Non-maximum suppression: goes through boxes by falling score (the first of equal ones first) and
// keeps each unless its intersection over union with one kept before is above iou_threshold.
//
// boxes   [N, 4], floating: x1, y1, x2, y2 with x1 <= x2 and y1 <= y2
// scores  [N], dtype of boxes; NaN comes first
// returns [K], i64: the indices kept, by falling score
// throws  Error when shapes or dtypes do not fit
//
// Same as torchvision.ops.nms. How many boxes stay depends on their values, so this computes at
// once; it has no gradient.
Tensor nms(const Operand& boxes, const Tensor& scores, double iou_threshold);

struct NonMaxSuppressionOptions {
  int64_t max_output_boxes_per_class = std::numeric_limits<int64_t>::max();
  double iou_threshold = 0;
  std::optional<double> score_threshold = std::nullopt;  // scores must be above it
  bool center_point_box = false;  // boxes are x center, y center, width, height
};

// nms for every image and class on its own.
//
// boxes   [N, boxes, 4], floating: two opposite corners y1, x1, y2, x2, or see center_point_box
// scores  [N, classes, boxes], dtype of boxes
// returns [K, 3], i64: image, class and box kept, by image, then class, then falling score
// throws  Error when shapes or dtypes do not fit
//
// Same as ONNX NonMaxSuppression, but that without a limit of boxes nothing is left out.
Tensor non_max_suppression(const Operand& boxes, const Tensor& scores,
                           const NonMaxSuppressionOptions& options = {});

}  // namespace tessera
