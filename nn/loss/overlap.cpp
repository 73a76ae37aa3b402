#include "nn/loss/overlap.h"

#include "core/call.h"
#include "core/error.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/reduce.h"
#include "ops/unary.h"

namespace tessera::nn {

namespace {

// Areas, [N, C], [1, C] or [1, 1].
struct Areas {
  Tensor both, predicted, target;
  Tensor weight;  // of the values in the mean: 0 for classes that are not annotated
};

Areas areas(const Segmentation& s, bool background, OverlapSums sums, bool squared = false) {
  const Tensor &p = s.probabilities, &t = s.one_hot;
  const Shape cases = sums == OverlapSums::sample  ? Shape{}
                      : sums == OverlapSums::batch ? Shape{0}
                                                   : Shape{0, 1};
  const auto area = [&](const Tensor& x) {
    const Tensor each = s.foreground(s.area(x), background);
    return cases.empty() ? each : sum(each, cases, true);
  };
  const Tensor known = s.foreground(s.annotated, background);
  return {area(p * t), area(squared ? square(p) : p), area(t),  // t^2 = t
          cases.empty() ? known : cast(gt(sum(known, cases, true), 0), p.dtype())};
}

void check_smooth(const char* name, double smooth, double eps) {
  require(smooth >= 0 && eps >= 0 && smooth + eps > 0,
          "{}: smooth and eps must not be negative, nor both 0, got {} and {}", name, smooth, eps);
}

// What counts of `loss`: everything, or classes that occur in the target.
Tensor present(const Tensor& loss, const Areas& a, bool skip_absent) {
  return skip_absent ? where(gt(a.target, 0), loss, 0) : loss;
}

Tensor overlap_loss(const char* name, const Segmentation& s, const OverlapOptions& o, bool dice) {
  check_smooth(name, o.smooth, o.eps);
  require(!o.log || (o.eps > 0 && !o.negative),
          "{}: log needs eps > 0, and is no overlap that could be negative", name);
  const Areas a = areas(s, o.include_background, o.sums, o.squared);
  const Tensor sides = a.predicted + a.target;
  const Tensor numerator = dice ? 2 * a.both : a.both;
  const Tensor denominator = dice ? sides : sides - a.both;
  const Tensor overlap = (numerator + o.smooth) / maximum(denominator + o.smooth, o.eps);
  const Tensor loss = o.log ? -log(maximum(overlap, o.eps)) : o.negative ? -overlap : 1 - overlap;
  return weighted_mean(present(loss, a, o.skip_absent) * a.weight, a.weight);
}

}  // namespace

Tensor dice_loss(const Segmentation& s, const OverlapOptions& o) {
  const Call call("dice_loss", s.line);
  return overlap_loss("dice_loss", s, o, true);
}

Tensor iou_loss(const Segmentation& s, const OverlapOptions& o) {
  const Call call("iou_loss", s.line);
  return overlap_loss("iou_loss", s, o, false);
}

Tensor tversky_loss(const Segmentation& s, const TverskyOptions& o) {
  const Call call("tversky_loss", s.line);
  check_smooth("tversky_loss", o.smooth, o.eps);
  require(
      o.alpha >= 0 && o.beta >= 0 && o.gamma > 0,
      "tversky_loss: alpha and beta must not be negative, and gamma positive, got {}, {} and {}",
      o.alpha, o.beta, o.gamma);
  const Areas a = areas(s, o.include_background, o.sums);
  const Tensor wrong = o.alpha * (a.predicted - a.both) + o.beta * (a.target - a.both);
  Tensor loss = 1 - (a.both + o.smooth) / maximum(a.both + wrong + o.smooth, o.eps);
  if (!o.power_of_mean) loss = power(loss, o.gamma);
  const Tensor mean = weighted_mean(present(loss, a, o.skip_absent) * a.weight, a.weight);
  return o.power_of_mean ? power(mean, o.gamma) : mean;
}

Tensor generalized_dice_loss(const Segmentation& s, const GeneralizedDiceOptions& o) {
  const Call call("generalized_dice_loss", s.line);
  require(o.power >= 0 && o.smooth > 0,
          "generalized_dice_loss: power must not be negative, and smooth positive, got {} and {}",
          o.power, o.smooth);
  const Areas a =
      areas(s, o.include_background, o.batch ? OverlapSums::batch : OverlapSums::sample);
  const Tensor occurs = gt(a.target, 0);
  Tensor weight = where(occurs, pow(where(occurs, a.target, 1), -o.power), 0);
  weight = where(occurs, weight, amax(weight, {1}, true)) * a.weight;
  if (o.normalize) {
    const Tensor total = sum(weight, {1}, true);
    weight = weight / where(eq(total, 0), 1, total);
  }
  const Tensor both = sum(weight * a.both, {1}),
               sides = sum(weight * (a.predicted + a.target), {1});
  const Tensor loss = 1 - (2 * both + o.smooth) / (sides + o.smooth);
  return weighted_mean(loss, ones_like(loss));
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
