#include "nn/loss/cross_entropy.h"

#include <algorithm>

#include "core/call.h"
#include "core/error.h"
#include "ops/binary.h"
#include "ops/loss.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/unary.h"

namespace tessera::nn {

namespace {

bool not_negative(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double value) { return value >= 0; });
}

// Numbers along axis 1 of something of the rank of `like`.
Tensor along_channels(const std::vector<double>& values, const Tensor& like) {
  const auto count = static_cast<int64_t>(values.size());
  return cast(tensor<double>(values, Shape::filled(like.ndim(), 1).with(1, count)), like.dtype());
}

// (1 - p)^gamma l for l = -log p.
Tensor modulated(const Tensor& l, double gamma) {
  return gamma == 0 ? l : l * power(-expm1(-l), gamma);
}

// The mean over pixels and channels of f(-log of the probability of what is true), a loss of each
// channel against the rest.
template <class F>
Tensor channel_mean(const Segmentation& s, F&& f) {
  const Tensor each =
      binary_cross_entropy_with_logits(s.logits, s.one_hot, {.reduction = LossReduction::none});
  const Tensor counts = s.channel_counts();
  return weighted_mean(where(counts, f(each), 0), counts);
}

Tensor sigmoid_focal(const Segmentation& s, const FocalOptions& o) {
  if (o.alpha.size() == 1) {
    require(o.alpha[0] <= 1,
            "focal_loss: alpha of channels against the rest must lie in [0, 1], got {}",
            o.alpha[0]);
  }
  require(o.alpha.size() <= 1 || static_cast<int64_t>(o.alpha.size()) == s.channels,
          "focal_loss: alpha must have one number, or one for each of the {} channels, got {}",
          s.channels, o.alpha.size());
  return channel_mean(s, [&](const Tensor& each) {
    Tensor loss = modulated(each, o.gamma);
    if (o.alpha.empty()) return loss;
    const double rest = o.alpha.size() == 1 ? 1 - o.alpha[0] : 1;
    return loss * where(eq(s.one_hot, 1), along_channels(o.alpha, loss), rest);
  });
}

}  // namespace

Tensor cross_entropy(const Segmentation& s, const SegmentationCrossEntropyOptions& o) {
  const Call call("cross_entropy", s.line);
  require(not_negative(o.weight), "cross_entropy: weights must not be negative");
  require(o.label_smoothing >= 0 && o.label_smoothing <= 1,
          "cross_entropy: label_smoothing must lie in [0, 1], got {}", o.label_smoothing);
  Tensor each = s.surprise(), weight = s.counts;
  if (!o.weight.empty()) {
    weight = s.per_class("cross_entropy: weight", o.weight);
    each = each * weight;
  }
  if (o.label_smoothing > 0) {
    Tensor spread = -s.log_probabilities();
    if (!o.weight.empty()) spread = spread * along_channels(o.weight, spread);
    const Tensor smooth = where(s.counts, s.class_mean(spread), 0);
    each = each * (1 - o.label_smoothing) + smooth * o.label_smoothing;
  }
  return weighted_mean(each, weight);
}

Tensor binary_cross_entropy(const Segmentation& s, const SegmentationBinaryOptions& o) {
  const Call call("binary_cross_entropy", s.line);
  require(not_negative(o.pos_weight), "binary_cross_entropy: pos_weight must not be negative");
  const auto given = static_cast<int64_t>(o.pos_weight.size());
  require(given <= 1 || given == s.channels,
          "binary_cross_entropy: pos_weight must have one number, or one for each of the {} "
          "channels, got {}",
          s.channels, given);
  return channel_mean(s, [&](const Tensor& each) {
    return given == 0 ? each
                      : where(eq(s.one_hot, 1), along_channels(o.pos_weight, each), 1) * each;
  });
}

Tensor focal_loss(const Segmentation& s, const FocalOptions& o) {
  const Call call("focal_loss", s.line);
  require(o.gamma >= 0, "focal_loss: gamma must not be negative, got {}", o.gamma);
  require(not_negative(o.alpha), "focal_loss: alpha must not be negative");
  if (o.sigmoid || (s.binary && o.alpha.size() == 1)) return sigmoid_focal(s, o);
  Tensor loss = modulated(s.surprise(), o.gamma);
  if (o.alpha.size() == 1) {
    loss = loss * o.alpha[0];
  } else if (!o.alpha.empty()) {
    loss = loss * s.per_class("focal_loss: alpha", o.alpha);
  }
  return weighted_mean(loss, s.counts);
}

}  // namespace tessera::nn
