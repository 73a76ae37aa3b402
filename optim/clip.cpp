#include "optim/clip.h"

#include "core/error.h"
#include "ops/binary.h"
#include "ops/join.h"
#include "ops/reduce.h"
#include "ops/unary.h"

namespace tessera::optim {

Clipped clip_grad_norm(const Tensors& gradients, double max_norm, double norm_type) {
  require(max_norm > 0, "clip_grad_norm: max_norm must be positive, got {}", max_norm);
  require(norm_type > 0, "clip_grad_norm: norm_type must be positive, got {}", norm_type);
  Tensors norms;
  for (const Tensor& gradient : gradients) {
    if (!gradient.defined()) continue;
    const DType type = compute_type(gradient.dtype());
    norms.push_back(norm(cast(gradient, type), norm_type));
  }
  require(!norms.empty(), "clip_grad_norm: none of the {} gradients is defined", gradients.size());
  const Tensor total = norm(stack(norms), norm_type);
  const Tensor factor = minimum(max_norm / (total + 1e-6), 1);
  Tensors clipped;
  for (const Tensor& gradient : gradients) {
    clipped.push_back(gradient.defined() ? gradient * cast(factor, gradient.dtype()) : Tensor());
  }
  return {clipped, total};
}

Tensors clip_grad_value(const Tensors& gradients, double max_value) {
  require(max_value > 0, "clip_grad_value: max_value must be positive, got {}", max_value);
  Tensors clipped;
  for (const Tensor& gradient : gradients) {
    clipped.push_back(gradient.defined() ? clamp(gradient, -max_value, max_value) : Tensor());
  }
  return clipped;
}

}  // namespace tessera::optim
