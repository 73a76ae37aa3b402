#pragma once

#include <functional>
#include <memory>
#include <source_location>
#include <string_view>

#include "core/tensor.h"

namespace tessera {

// A differentiable function whose gradient is written by hand: for a gradient that is cheaper, more
// accurate or meant to be another than what the operations inside would give, and for code that
// tessera cannot see, such as a call of another library on x[0].data<float>().
//
//   struct Clip : Function {  // gradients pass unchanged
//     Tensors forward(const Tensors& x) override { return {minimum(x[0], 1)}; }
//     Tensors backward(const Tensors&, const Tensors&, const Tensors& dy) override { return dy; }
//   };
//   const Tensor y = apply_function(std::make_shared<Clip>(), {x})[0];
//
// One object describes one call; what forward finds out for backward can be kept in members.
class Function {
 public:
  virtual ~Function() = default;

  // Any number of results. No history is recorded inside: tensors that forward reads without
  // getting them in `x` are constants.
  virtual Tensors forward(const Tensors& x) = 0;

  // Gradients for each of `x`, the arguments of forward, from `dy`, the gradients for each of `y`,
  // its results: zeros for those that were not used, undefined for those that are not floating. An
  // undefined entry of the result means zero. When it is computed from x, y and dy by
  // operations that have gradients, second derivatives follow. Runs once for each call of `grad`.
  virtual Tensors backward(const Tensors& x, const Tensors& y, const Tensors& dy) = 0;

  // A literal, for errors and drawings of the graph.
  virtual std::string_view name() const { return "function"; }
};

// The results of function->forward(x), through which gradients flow to x by function->backward.
// Results are put into memory: operations are not fused across them.
// Throws Error when an argument or a result is undefined; `grad` does when backward returns not
// one gradient of the right shape for each argument.
Tensors apply_function(const std::shared_ptr<Function>& function, const Tensors& x,
                       const std::source_location& where = std::source_location::current());

// The same with two lambdas.
using ForwardFunction = std::function<Tensors(const Tensors& x)>;
using BackwardFunction =
    std::function<Tensors(const Tensors& x, const Tensors& y, const Tensors& dy)>;
Tensors custom_gradient(ForwardFunction forward, BackwardFunction backward, const Tensors& x,
                        const std::source_location& where = std::source_location::current());

}  // namespace tessera
