#include "ops/norm_parts.h"

#include "core/op.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "ops/unary.h"

namespace tessera::detail {

NormParts::NormParts(const Tensor& x, const Shape& row_axes, const Tensor& given_weight,
                     const Tensor& bias, const Tensor& dy, const Options& options)
    : axes(row_axes), centered(options.centered) {
  if (centered) {
    const VarMean moments = var_mean(x, axes, {.correction = 0, .keepdim = true});
    rstd = rsqrt(moments.var + options.eps);
    normal = (x - moments.mean) * rstd;
  } else {
    rstd = rsqrt(mean(x * x) + options.eps);
    normal = x * rstd;
  }
  weight = given_weight.defined() ? given_weight : scalar(1.0, x.dtype());
  if (options.relu) {
    const Tensor v = normal * weight;
    mask = (bias.defined() ? v + bias : v) <= 0;
  }
  g = shown(dy);
}

Tensor NormParts::mean(const Tensor& v) const {
  return tessera::mean(v, axes, true);
}

// v without its mean and without what is parallel to x: symmetric, and the derivative of `normal`
// is rstd times it.
Tensor NormParts::rest(const Tensor& v) const {
  const Tensor across = v - normal * mean(v * normal);
  return centered ? across - mean(v) : across;
}

Tensor NormParts::shown(const Tensor& v) const {
  return mask.defined() ? where(mask, 0, v) : v;
}

// With v = weight g: dx = rstd rest(v) is linear and symmetric in v, and depends on x through
// `normal` (q = dL / d normal) and through rstd.
NormParts::Gradients NormParts::of_backward(const Tensor& u) const {
  const Tensor v = weight * g, of_v = rstd * rest(u);
  const Tensor along = mean(u * rest(v));
  const Tensor q = -rstd * (u * mean(v * normal) + v * mean(u * normal));
  return {rstd * (rest(q) - normal * rstd * along), g * of_v, shown(weight * of_v)};
}

NormParts::Gradients NormParts::of_sums(const Tensor& of_g, const Tensor& of_gx) const {
  return {rstd * rest(g * of_gx), {}, shown(of_g + of_gx * normal)};
}

}  // namespace tessera::detail
