#pragma once

#include "core/settings.h"
#include "core/tensor.h"

namespace tessera {

struct GradOptions {
  // dL/dy, of y's shape; ones when undefined, which gives the gradient of sum(y).
  Tensor seed = {};
  // Without a path from x to y: zeros instead of an error.
  bool allow_unused = false;
};

// Gradients of y with respect to each of xs, in their order, with the shape and dtype of each x.
// They are ordinary tensors of the graph, so they can be differentiated again; nothing is stored in
// the xs, and calling grad twice is always possible.
// Throws Error when y or an x is not floating, or when no path leads from an x to y (explain_grad
// tells where it ends).
Tensors grad(const Operand& y, const Tensors& xs, const GradOptions& options = {});

// The same for one x.
Tensor grad(const Operand& y, const Tensor& x, const GradOptions& options = {});

// Vector-Jacobian product: for each x the sum over j of dys[j] times the derivative of ys[j].
// Unlike in `grad` the derivatives are partial, as if the xs were independent: what one x does to
// another is not followed. Undefined for an x that no path connects with the ys.
Tensors vjp(const Tensors& ys, const Tensors& xs, const Tensors& dys);

// x without history: gradients do not flow through the result. Same as torch.Tensor.detach.
Tensor detach(const Tensor& x);
inline Tensor stop_grad(const Tensor& x) {
  return detach(x);
}  // its name in Jittor

}  // namespace tessera
