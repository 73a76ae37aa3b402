#include "nn/loss/overlap.h"

#include <algorithm>

#include "core/call.h"
#include "core/error.h"
#include "nn/loss/segmentation.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/unary.h"

namespace tessera::nn {

namespace {

// Areas, [N, C], [1, C] or [1, 1].
struct Areas {
  Tensor both, predicted, target;
  Tensor present;  // bool: the target has such pixels
};

Areas areas(const Segmentation& s, const OverlapOptions& o) {
  const Tensor p = s.probabilities(), t = s.one_hot();
  const int64_t channels = p.shape(1);
  const bool skips = !o.include_background && channels > 1;
  Shape pixels;
  for (int axis = 2; axis < p.ndim(); ++axis) pixels.push_back(axis);
  const auto area = [&](const Tensor& x) {
    Tensor total = pixels.empty() ? x : sum(x, pixels);
    if (skips) total = slice(total, 1, {.start = 1});
    if (o.sums == OverlapSums::batch) total = sum(total, {0}, true);
    if (o.sums == OverlapSums::all) total = sum(total, {0, 1}, true);
    return total;
  };
  const Tensor target = area(t);  // t^2 = t
  return {area(p * t), area(o.squared ? square(p) : p), target, gt(target, 0)};
}

Tensor overlap_loss(const char* name, const Operand& logits, const Tensor& target,
                    const OverlapOptions& o, bool dice) {
  require(o.smooth >= 0 && o.eps >= 0 && o.smooth + o.eps > 0,
          "{}: smooth and eps must not be negative, nor both 0, got {} and {}", name, o.smooth,
          o.eps);
  const Areas a = areas(Segmentation(name, logits, target, o.ignore_index), o);
  const Tensor sides = a.predicted + a.target;
  const Tensor numerator = dice ? 2 * a.both : a.both;
  const Tensor denominator = dice ? sides : sides - a.both;
  const Tensor overlap = (numerator + o.smooth) / maximum(denominator + o.smooth, o.eps);
  Tensor loss = o.negative ? -overlap : 1 - overlap;
  if (o.skip_absent) loss = where(a.present, loss, 0);
  return sum(loss) / static_cast<double>(std::max<int64_t>(loss.numel(), 1));
}

}  // namespace

Tensor dice_loss(const Operand& logits, const Tensor& target, const OverlapOptions& o) {
  const Call call("dice_loss", logits.where);
  return overlap_loss("dice_loss", logits, target, o, true);
}

Tensor iou_loss(const Operand& logits, const Tensor& target, const OverlapOptions& o) {
  const Call call("iou_loss", logits.where);
  return overlap_loss("iou_loss", logits, target, o, false);
}

const std::map<std::string, OverlapOptions>& overlap_presets() {
  static const std::map<std::string, OverlapOptions> all = {
      {"monai", {}},
      {"nnunet", {.include_background = false, .negative = true}},
      {"smp", {.sums = OverlapSums::batch, .smooth = 0, .eps = 1e-7, .skip_absent = true}},
      {"jmedseg", {.sums = OverlapSums::all, .smooth = 1}},
  };
  return all;
}

}  // namespace tessera::nn
