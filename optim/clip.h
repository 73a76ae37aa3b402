#pragma once

#include "core/tensor.h"

namespace tessera::optim {

// Gradients limited in size, and the total norm they had before, a 0-dimensional tensor (NaN or
// infinite when a gradient is).
struct Clipped {
  Tensors gradients;
  Tensor norm;
};

// All gradients times min(1, max_norm / (norm + 1e-6)), where norm is the `norm_type`-norm of all
// their elements together (infinity: the largest absolute value). Undefined entries stay undefined.
// Throws Error when max_norm or norm_type is not positive, or none of the gradients is defined.
// Same as torch.nn.utils.clip_grad_norm_.
Clipped clip_grad_norm(const Tensors& gradients, double max_norm, double norm_type = 2);

// Every element limited to [-max_value, max_value]. Same as torch.nn.utils.clip_grad_value_.
Tensors clip_grad_value(const Tensors& gradients, double max_value);

}  // namespace tessera::optim
