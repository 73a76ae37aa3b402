#include "ops/nms.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/op.h"

namespace tessera {

namespace {

template <class T>
struct Box {
  T x1, y1, x2, y2;
  T area() const { return (x2 - x1) * (y2 - y1); }
};

// In the arithmetic of torchvision, so that boxes at the threshold fall on the same side.
template <class T>
T intersection_over_union(const Box<T>& a, const Box<T>& b) {
  const T width = std::max(T(0), std::min(a.x2, b.x2) - std::max(a.x1, b.x1));
  const T height = std::max(T(0), std::min(a.y2, b.y2) - std::max(a.y1, b.y1));
  const T both = width * height;
  return both / (a.area() + b.area() - both);
}

// The indices of the boxes that stay, at most `limit`, by falling score.
template <class T>
std::vector<int64_t> kept_boxes(const std::vector<Box<T>>& boxes, const T* scores,
                                const NonMaxSuppressionOptions& o) {
  std::vector<int64_t> order(boxes.size()), kept;
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return scores[a] > scores[b] || (std::isnan(scores[a]) && !std::isnan(scores[b]));
  });
  for (const int64_t candidate : order) {
    if (static_cast<int64_t>(kept.size()) >= o.max_output_boxes_per_class) break;
    if (o.score_threshold && !(scores[candidate] > *o.score_threshold)) continue;
    const auto covers = [&](int64_t other) {
      const T iou = intersection_over_union(boxes[static_cast<size_t>(candidate)],
                                            boxes[static_cast<size_t>(other)]);
      return static_cast<double>(iou) > o.iou_threshold;
    };
    if (std::none_of(kept.begin(), kept.end(), covers)) kept.push_back(candidate);
  }
  return kept;
}

template <class T>
Box<T> box_of(const T* v, bool center_point) {
  if (center_point) {
    const T width = v[2] / 2, height = v[3] / 2;
    return {v[0] - width, v[1] - height, v[0] + width, v[1] + height};
  }
  return {std::min(v[1], v[3]), std::min(v[0], v[2]), std::max(v[1], v[3]), std::max(v[0], v[2])};
}

template <class T>
Tensor nms_of(const Tensor& boxes, const Tensor& scores, double iou_threshold) {
  std::vector<Box<T>> all;
  const T* v = boxes.data<T>().data();
  for (int64_t i = 0; i < boxes.shape(0); ++i, v += 4) all.push_back({v[0], v[1], v[2], v[3]});
  const auto kept = kept_boxes(all, scores.data<T>().data(), {.iou_threshold = iou_threshold});
  return tensor<int64_t>(kept, {static_cast<int64_t>(kept.size())});
}

template <class T>
Tensor non_max_suppression_of(const Tensor& boxes, const Tensor& scores,
                              const NonMaxSuppressionOptions& o) {
  std::vector<int64_t> kept;
  const T *box = boxes.data<T>().data(), *score = scores.data<T>().data();
  for (int64_t n = 0; n < boxes.shape(0); ++n) {
    std::vector<Box<T>> all;
    for (int64_t i = 0; i < boxes.shape(1); ++i, box += 4) {
      all.push_back(box_of(box, o.center_point_box));
    }
    for (int64_t c = 0; c < scores.shape(1); ++c, score += boxes.shape(1)) {
      for (const int64_t i : kept_boxes(all, score, o)) kept.insert(kept.end(), {n, c, i});
    }
  }
  return tensor<int64_t>(kept, {static_cast<int64_t>(kept.size()) / 3, 3});
}

void check_types(const char* op, const Tensor& boxes, const Tensor& scores) {
  require(boxes.defined() && scores.defined(), "{}: boxes or scores is an undefined tensor", op);
  require(is_floating(boxes.dtype()) && scores.dtype() == boxes.dtype(),
          "{}: boxes and scores must be floating and of one dtype, got {} and {}", op,
          boxes.dtype(), scores.dtype());
}

}  // namespace

Tensor nms(const Operand& boxes, const Tensor& scores, double iou_threshold) {
  const Call call("nms", boxes.where);
  check_types("nms", boxes, scores);
  require(boxes.ndim() == 2 && boxes.shape(1) == 4 && scores.shape() == Shape{boxes.shape(0)},
          "nms: boxes must be [N, 4] and scores [N], got {} and {}", boxes.shape(), scores.shape());
  if (boxes.dtype() == f64) return nms_of<double>(boxes, scores, iou_threshold);
  return nms_of<float>(cast(boxes, f32), cast(scores, f32), iou_threshold);
}

Tensor non_max_suppression(const Operand& boxes, const Tensor& scores,
                           const NonMaxSuppressionOptions& o) {
  const Call call("non_max_suppression", boxes.where);
  check_types("non_max_suppression", boxes, scores);
  require(boxes.ndim() == 3 && boxes.shape(2) == 4 && scores.ndim() == 3 &&
              scores.shape(0) == boxes.shape(0) && scores.shape(2) == boxes.shape(1),
          "non_max_suppression: boxes must be [N, boxes, 4] and scores [N, classes, boxes], got {} "
          "and {}",
          boxes.shape(), scores.shape());
  require(o.iou_threshold >= 0 && o.iou_threshold <= 1,
          "non_max_suppression: iou_threshold must be in [0, 1], got {}", o.iou_threshold);
  if (boxes.dtype() == f64) return non_max_suppression_of<double>(boxes, scores, o);
  return non_max_suppression_of<float>(cast(boxes, f32), cast(scores, f32), o);
}

}  // namespace tessera
