#include "nn/loss/exponents.h"

#include <algorithm>

#include "core/call.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/join.h"
#include "ops/shape.h"
#include "ops/unary.h"

namespace tessera::nn {

namespace {

// All classes of a segmentation, also those of one channel: probabilities and target, with the
// areas they have in common and apart, [N, classes].
struct Classes {
  Tensor both, predicted, target, weight;
};

Classes classes_of(const Segmentation& s) {
  Tensor p = s.probabilities, t = s.one_hot, weight = s.annotated;
  if (s.binary) {
    const auto with_rest = [&](const Tensor& x) { return cat({where(s.counts, 1 - x, 0), x}, 1); };
    p = with_rest(p);
    t = with_rest(t);
    weight = cat({weight, weight}, 1);
  }
  return {s.area(p * t), s.area(p), s.area(t), weight};
}

}  // namespace

Tensor unified_focal_loss(const Segmentation& s, const UnifiedFocalOptions& o) {
  const Call call("unified_focal_loss", s.line);
  require(o.weight >= 0 && o.weight <= 1 && o.delta >= 0 && o.delta <= 1,
          "unified_focal_loss: weight and delta must lie in [0, 1], got {} and {}", o.weight,
          o.delta);
  require(o.gamma >= 0 && o.gamma < 1, "unified_focal_loss: gamma must lie in [0, 1), got {}",
          o.gamma);
  const Tensor l = s.surprise();
  const Tensor background = eq(s.index, 0);
  const Tensor easy = o.gamma == 0 ? ones_like(l) : power(-expm1(-l), o.gamma);
  const Tensor factor =
      where(background, (1 - o.delta) * easy, o.delta * (o.asymmetric ? ones_like(l) : easy));
  Tensor focal = weighted_mean(l * factor, s.counts);
  if (o.class_mean) focal = focal / static_cast<double>(s.classes);

  constexpr double kEps = 1e-7;
  const Classes c = classes_of(s);
  const Tensor wrong = o.delta * (c.target - c.both) + (1 - o.delta) * (c.predicted - c.both);
  const Tensor loss = 1 - (c.both + kEps) / (c.both + wrong + kEps);
  Tensor bent = power(loss, 1 - o.gamma);
  if (o.asymmetric) bent = where(eq(iota({1, s.classes}), 0), loss, bent);
  return o.weight * focal + (1 - o.weight) * weighted_mean(bent * c.weight, c.weight);
}

Tensor exponential_logarithmic_loss(const Segmentation& s, const ExponentialLogarithmicOptions& o) {
  const Call call("exponential_logarithmic_loss", s.line);
  require(o.dice_weight >= 0 && o.ce_weight >= 0 && o.dice_gamma > 0 && o.ce_gamma > 0,
          "exponential_logarithmic_loss: weights must not be negative, and gammas positive, got {} "
          "and {}, {} and {}",
          o.dice_weight, o.ce_weight, o.dice_gamma, o.ce_gamma);
  require(
      std::all_of(o.class_weight.begin(), o.class_weight.end(), [](double w) { return w >= 0; }),
      "exponential_logarithmic_loss: class_weight must not be negative");
  const Classes c = classes_of(s);
  const auto kept = [&](const Tensor& x) {
    return o.include_background ? x : slice(x, 1, {.start = 1});
  };
  const Tensor dice = (2 * c.both + 1) / (c.predicted + c.target + 1);
  const Tensor weight = kept(c.weight);
  const Tensor overlap = weighted_mean(power(-log(kept(dice)), o.dice_gamma) * weight, weight);
  Tensor each = where(s.counts, power(s.surprise(), o.ce_gamma), 0);
  if (!o.class_weight.empty()) {
    each = each * s.per_class("exponential_logarithmic_loss: class_weight", o.class_weight);
  }
  return o.dice_weight * overlap + o.ce_weight * weighted_mean(each, s.counts);
}

}  // namespace tessera::nn
