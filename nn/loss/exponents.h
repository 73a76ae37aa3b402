#pragma once

#include <vector>

#include "nn/loss/segmentation.h"

namespace tessera::nn {

// Losses of segmentation that add an overlap of classes and a cross entropy of pixels, both bent by
// exponents. Each returns one number, f32 (f64 for f64 logits). Throws Error when an option is
// impossible.

struct UnifiedFocalOptions {
  double weight = 0.5;      // in [0, 1]: of the focal cross entropy; the focal Tversky has the rest
  double delta = 0.6;       // in [0, 1]: weight of the foreground, and of false negatives
  double gamma = 0.5;       // in [0, 1): how much what is easy is suppressed
  bool asymmetric = true;   // only the background's cross entropy, and the foreground's Tversky
  bool class_mean = false;  // the cross entropy is divided by the number of classes
};

// weight times the mean over pixels of
//   (1 - delta) (1 - p)^gamma (-log p) for pixels of class 0, delta (1 - p)^gamma (-log p) for
//   others,
// and 1 - weight times the mean over samples and classes of
//   (1 - b / (b + delta (sum t - b) + (1 - delta) (sum p - b)))^(1 - gamma), b = sum p t.
// Asymmetric: other classes than 0 have no (1 - p)^gamma, and class 0 no power of its Tversky loss.
// Yeung et al. 2022, arXiv:2102.04525. With delta 0.7 and class_mean, for two classes the same as
// AsymmetricUnifiedFocalLoss of MONAI.
Tensor unified_focal_loss(const Segmentation& s, const UnifiedFocalOptions& options = {});

struct ExponentialLogarithmicOptions {
  double dice_weight = 0.8, ce_weight = 0.2;  // >= 0
  double dice_gamma = 0.3, ce_gamma = 0.3;    // > 0
  std::vector<double> class_weight = {};      // of the cross entropy, one for each class; none: 1
  bool include_background = true;             // in the Dice
};

// dice_weight times the mean over samples and classes of (-log Dice)^dice_gamma, with Dice
// (2 sum p t + 1) / (sum p + sum t + 1), plus ce_weight times the mean over pixels of
// w (-log p)^ce_gamma. The paper has w = sqrt(all pixels / pixels of the class) over the training
// set. Wong et al. 2018, arXiv:1809.00076.
Tensor exponential_logarithmic_loss(const Segmentation& s,
                                    const ExponentialLogarithmicOptions& options = {});

}  // namespace tessera::nn
