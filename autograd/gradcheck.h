#pragma once

#include <functional>
#include <string>

#include "core/tensor.h"

namespace tessera {

// A differentiable function to be checked: takes the inputs, returns one tensor.
using TensorFunction = std::function<Tensor(const Tensors&)>;

struct GradcheckOptions {
  double eps = 1e-6;  // step of the central differences
  double atol = 1e-6, rtol = 1e-5;
  uint64_t seed = 0;  // of the random output direction
};

struct GradcheckResult {
  bool ok = true;
  // The element with the largest error relative to its tolerance.
  size_t input = 0;
  int64_t element = 0;
  double analytic = 0, numeric = 0;
  std::string report;  // one line that names it, or why no check was possible

  explicit operator bool() const { return ok; }
};

// Compares the gradient of f at `inputs` with central differences along one random direction of the
// output, for every element of every floating input. Floating inputs must be f64; others are held
// fixed. Inputs should stay away from kinks (relu at 0, ties of max).
GradcheckResult gradcheck(const TensorFunction& f, const Tensors& inputs,
                          const GradcheckOptions& options = {});

// The same for the gradient itself: second derivatives.
GradcheckResult gradgradcheck(const TensorFunction& f, const Tensors& inputs,
                              const GradcheckOptions& options = {});

}  // namespace tessera
