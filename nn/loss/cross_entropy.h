#pragma once

#include <vector>

#include "core/tensor.h"

namespace tessera::nn {

// Losses of segmentation that look at each pixel by itself. Logits [N, C, d1, ...] with C >= 2, or
// with one channel, the logit of class 1 against class 0; the target, integers or bool
// [N, d1, ...], holds the class of each pixel. Each returns one number, f32 (f64 for f64 logits).
// Pixels whose class is ignore_index do not count; when none does, the loss is 0.
// Throws Error when shapes or dtypes do not fit, or an option is impossible; a class out of range
// is an Error when the loss is computed, naming it and its place.

struct SegmentationCrossEntropyOptions {
  std::vector<double> weight = {};  // a factor >= 0 for each class
  int64_t ignore_index = -100;
  double label_smoothing = 0;  // in [0, 1]: this share of the target is spread over all classes
};

// sum of w l / sum of w over all pixels, where w is the weight of the pixel's class and l is
// -log softmax(logits)[class]. Same as torch.nn.functional.cross_entropy (which gives NaN when no
// pixel counts); with one channel, the same for the logits (0, x).
Tensor cross_entropy(const Operand& logits, const Tensor& target,
                     const SegmentationCrossEntropyOptions& options = {});

struct SegmentationBinaryOptions {
  // Factors on the loss of pixels that belong to a class: one for each channel, or one for all.
  std::vector<double> pos_weight = {};
  int64_t ignore_index = -100;
};

// Every channel against the rest: the mean over pixels and channels of
// -(t log sigmoid(x) + (1 - t) log(1 - sigmoid(x))), where t is 1 in the channel of the pixel's
// class. As torch.nn.functional.binary_cross_entropy_with_logits of the one-hot target.
Tensor binary_cross_entropy(const Operand& logits, const Tensor& target,
                            const SegmentationBinaryOptions& options = {});

struct FocalOptions {
  double gamma = 2;  // >= 0; 0 gives cross entropy
  // Factors: none; one for all classes; or one for each class. With one channel, a single alpha
  // belongs to class 1, and class 0 has 1 - alpha, as in torchvision.ops.sigmoid_focal_loss.
  std::vector<double> alpha = {};
  int64_t ignore_index = -100;
};

// Mean over pixels of -alpha (1 - p)^gamma log p, where p is the probability of the pixel's class
// (Lin et al. 2017, arXiv:1708.02002).
Tensor focal_loss(const Operand& logits, const Tensor& target, const FocalOptions& options = {});

}  // namespace tessera::nn
