#pragma once

#include "nn/loss/segmentation.h"

namespace tessera::nn {

struct LovaszOptions {
  bool per_image = false;    // the mean over images, instead of one value for the batch
  bool all_classes = false;  // also classes without a pixel in the target
};

// The Lovasz extension of the Jaccard loss, a surrogate of 1 - IoU that is convex in the errors:
// the mean over classes of sum_i e_(i) (J_i - J_(i-1)), where e_(1) >= e_(2) >= ... are the errors
// of the pixels in order, and J_i is 1 - IoU when just the first i pixels are wrong. One number,
// f32 (f64 for f64 logits); 0 when no pixel counts. Berman et al. 2018, arXiv:1705.08790.

// Errors |t - p| of the probabilities. The defaults are LovaszLoss of segmentation_models_pytorch,
// mode multiclass.
Tensor lovasz_loss(const Segmentation& s, const LovaszOptions& options = {});

// Errors max(0, 1 - x) of logits of the class, and max(0, 1 + x) elsewhere: each channel against
// the rest. With one channel and all_classes, the same as LovaszLoss, mode binary.
Tensor lovasz_hinge_loss(const Segmentation& s, const LovaszOptions& options = {});

}  // namespace tessera::nn
