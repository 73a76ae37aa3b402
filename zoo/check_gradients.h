#pragma once

#include <string>
#include <vector>

#include "zoo/catalogue.h"

namespace tessera::zoo {

// Slope of a loss along a random direction of one parameter: from `grad`, and from differences.
struct SlopeCheck {
  std::string parameter;
  double analytic = 0, numeric = 0;
  // |analytic - numeric| / (1e-3 + |analytic| + |numeric|): rounding reaches about 1e-6.
  double error() const;
};

struct SlopeCheckOptions {
  int64_t batch = 2, height = 32, width = 32;
  uint64_t seed = 0;
  double step = 1e-6;
};

// Checks the gradient of every parameter of a network made from `spec`, in f64 and in training
// mode, on random input. The loss is the sum of the logits times random numbers. Elements are not
// checked one by one, but the slope in a random direction is wrong when any of them is (but for a
// set of directions of measure zero), and two forward passes a parameter are cheap enough for real
// networks. Throws Error when a parameter has no path to the output.
std::vector<SlopeCheck> check_gradients(const Spec& spec, const SlopeCheckOptions& options = {});

}  // namespace tessera::zoo
