#pragma once

#include <vector>

#include "nn/loss/segmentation.h"

namespace tessera::nn {

// Losses of segmentation that look at each pixel by itself. Each returns one number, f32 (f64 for
// f64 logits), 0 when no pixel counts. Throws Error when an option is impossible.

struct SegmentationCrossEntropyOptions {
  std::vector<double> weight = {};  // a factor >= 0 for each class
  double label_smoothing = 0;  // in [0, 1]: this share of the target is spread over all classes
};

// sum of w l / sum of w over all pixels, where w is the weight of the pixel's class and l is
// -log softmax(logits)[class]. Same as torch.nn.functional.cross_entropy (which gives NaN when no
// pixel counts); with one channel, the same for the logits (0, x).
Tensor cross_entropy(const Segmentation& s, const SegmentationCrossEntropyOptions& options = {});

struct SegmentationBinaryOptions {
  // Factors on the loss of pixels that belong to a class: one for each channel, or one for all.
  std::vector<double> pos_weight = {};
};

// Every channel against the rest: the mean over pixels and channels of
// -(t log sigmoid(x) + (1 - t) log(1 - sigmoid(x))), where t is 1 in the channel of the pixel's
// class. As torch.nn.functional.binary_cross_entropy_with_logits of the one-hot target.
Tensor binary_cross_entropy(const Segmentation& s, const SegmentationBinaryOptions& options = {});

struct FocalOptions {
  double gamma = 2;  // >= 0; 0 gives cross entropy
  // Factors: none; one for all classes; or one for each class. With one channel, or with `sigmoid`,
  // a single alpha belongs to pixels of the class, and the others have 1 - alpha, as in
  // torchvision.ops.sigmoid_focal_loss.
  std::vector<double> alpha = {};
  bool sigmoid = false;  // each channel against the rest, and the mean over channels, too
};

// Mean over pixels of -alpha (1 - p)^gamma log p, where p is the probability of the pixel's class
// (Lin et al. 2017, arXiv:1708.02002). With `sigmoid`, the FocalLoss of MONAI and of
// segmentation_models_pytorch.
Tensor focal_loss(const Segmentation& s, const FocalOptions& options = {});

}  // namespace tessera::nn
