#pragma once

#include <optional>
#include <string_view>

#include "core/dtype.h"
#include "core/tensor.h"

namespace tessera {

// Mixed precision in the current scope and thread:
//
//   Tensor loss;
//   {
//     const Amp amp;  // bf16
//     loss = cross_entropy(model(x), mask);
//   }
//   optimizer.step(loss);
//
// While alive, f32 tensors and the other half are taken as `dtype` by convolutions, matrix products
// (linear, einsum and attention too) and prelu; halves are taken as f32 by losses, softmax, sums,
// means, norms and other reductions and scans, exp, log, pow, rsqrt, reciprocal, tan, asin, acos,
// sinh, cosh, softplus, grid_sample and affine_grid. Everything else works in the widest dtype of
// its arguments; norm layers keep the dtype of x and compute statistics in f32. f64 is left alone.
// Parameters stay f32: they are cast within the graph, once a step, so that their gradients are f32
// as well. Gradients are computed in the dtypes of the forward pass wherever they are asked for.
// Same lists as torch.autocast (of its CPU list for norm layers).
//
// f16 overflows above 65504 and loses gradients below 6e-8: train with an optim::LossScaler.
// std::nullopt switches mixed precision off in a scope. Throws Error for other dtypes than halves.
class Amp {
 public:
  explicit Amp(std::optional<DType> dtype = bf16);
  ~Amp();
  Amp(const Amp&) = delete;
  Amp& operator=(const Amp&) = delete;

 private:
  std::optional<DType> saved_;
};

// The dtype that a user asks for by "bf16", "f16" or "off". Throws Error for other words.
std::optional<DType> amp_of_name(std::string_view name);

// The dtype of mixed precision in this scope, if it is on.
std::optional<DType> amp_dtype();

namespace detail {

// For operators, what they read in place of x; x itself while mixed precision is off. A number or
// an undefined tensor is returned as it is.
Tensor amp_low(const Tensor& x);   // of those that are faster in halves, and good enough
Tensor amp_full(const Tensor& x);  // of those that would lose too much in halves

// Whether the element-wise operator of that name is one of the latter.
bool amp_wants_full(std::string_view op);

}  // namespace detail

}  // namespace tessera
