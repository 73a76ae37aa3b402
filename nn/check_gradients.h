#pragma once

#include <string>
#include <vector>

#include "nn/module.h"

namespace tessera::nn {

// Slope of a loss along a random direction of one parameter: from `grad`, and from differences.
struct SlopeCheck {
  std::string parameter;
  double analytic = 0, numeric = 0;
  // |analytic - numeric| / (1e-3 + |analytic| + |numeric|): rounding reaches about 1e-6.
  double error() const;
};

struct SlopeCheckOptions {
  uint64_t seed = 0;
  double step = 1e-6;
};

// Checks the gradient of every parameter of a module in f64, which must have been built with
// ParameterDType(f64), at the input x f64. It stays in the mode it is in; its parameters are put
// back. The loss is the sum of the output times random numbers. Elements are not checked one by
// one, but the slope in a random direction is wrong when any of them is (but for a set of
// directions of measure zero), and two forward passes a parameter are cheap enough for real
// networks. Throws Error when a parameter or x is not f64, or has no path to the output.
std::vector<SlopeCheck> check_gradients(Module& module, const Tensor& x,
                                        const SlopeCheckOptions& options = {});

}  // namespace tessera::nn
