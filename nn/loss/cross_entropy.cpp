#include "nn/loss/cross_entropy.h"

#include <algorithm>

#include "core/call.h"
#include "core/error.h"
#include "nn/loss/segmentation.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/join.h"
#include "ops/loss.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/unary.h"

namespace tessera::nn {

namespace {

bool not_negative(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return value >= 0; });
}

// -log of the probability of each pixel's class, [N, 1, d1, ...], 0 where it is ignored.
Tensor surprise(const Segmentation& s, const Tensor& weight = {}, double label_smoothing = 0) {
  const Tensor x = s.binary ? cat({zeros_like(s.logits), s.logits}, 1) : s.logits;
  const Tensor each = tessera::cross_entropy(x, reshape(s.index, x.shape().without(1)),
                                             {.weight = weight,
                                              .ignore_index = -1,
                                              .reduction = LossReduction::none,
                                              .label_smoothing = label_smoothing});
  return reshape(each, s.index.shape());
}

}  // namespace

Tensor cross_entropy(const Operand& logits, const Tensor& target,
                     const SegmentationCrossEntropyOptions& o) {
  const Call call("cross_entropy", logits.where);
  require(not_negative(o.weight), "cross_entropy: weights must not be negative");
  const Segmentation s("cross_entropy", logits, target, o.ignore_index);
  if (o.weight.empty()) return weighted_mean(surprise(s, {}, o.label_smoothing), s.counts);
  const Tensor weight = s.per_class("weight", o.weight);
  const Tensor table = tensor<double>(o.weight, {s.classes});
  return weighted_mean(surprise(s, table, o.label_smoothing), weight);
}

Tensor binary_cross_entropy(const Operand& logits, const Tensor& target,
                            const SegmentationBinaryOptions& o) {
  const Call call("binary_cross_entropy", logits.where);
  require(not_negative(o.pos_weight), "binary_cross_entropy: pos_weight must not be negative");
  const Segmentation s("binary_cross_entropy", logits, target, o.ignore_index);
  const int64_t channels = s.logits.shape(1);
  BceWithLogitsOptions options{.reduction = LossReduction::none};
  if (!o.pos_weight.empty()) {
    const auto given = static_cast<int64_t>(o.pos_weight.size());
    require(given == 1 || given == channels,
            "binary_cross_entropy: pos_weight must have one number, or one for each of the {} "
            "channels, got {}",
            channels, given);
    const Shape along = Shape::filled(s.logits.ndim(), 1).with(1, given);
    options.pos_weight = cast(tensor<double>(o.pos_weight, along), s.logits.dtype());
  }
  const Tensor each = binary_cross_entropy_with_logits(s.logits, s.one_hot(), options);
  return weighted_mean(mean(where(s.counts, each, 0), {1}, true), s.counts);
}

Tensor focal_loss(const Operand& logits, const Tensor& target, const FocalOptions& o) {
  const Call call("focal_loss", logits.where);
  require(o.gamma >= 0, "focal_loss: gamma must not be negative, got {}", o.gamma);
  require(not_negative(o.alpha), "focal_loss: alpha must not be negative");
  const Segmentation s("focal_loss", logits, target, o.ignore_index);
  const Tensor each = surprise(s);
  Tensor loss = each;
  if (o.gamma > 0) {
    // Away from 0, where a power below 1 has no finite derivative.
    constexpr double kLeast = 1e-12;
    loss = loss * pow(clamp(-expm1(-each), kLeast), o.gamma);
  }
  if (o.alpha.size() == 1 && s.binary) {
    require(o.alpha[0] <= 1, "focal_loss: alpha of one channel must lie in [0, 1], got {}",
            o.alpha[0]);
    loss = loss * s.per_class("alpha", {1 - o.alpha[0], o.alpha[0]});
  } else if (o.alpha.size() == 1) {
    loss = loss * o.alpha[0];
  } else if (!o.alpha.empty()) {
    loss = loss * s.per_class("alpha", o.alpha);
  }
  return weighted_mean(loss, s.counts);
}

}  // namespace tessera::nn
