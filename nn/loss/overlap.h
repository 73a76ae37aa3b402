#pragma once

#include <map>
#include <string>

#include "nn/loss/segmentation.h"

namespace tessera::nn {

// Losses of segmentation that compare areas: predicted probabilities p (softmax, or sigmoid of one
// channel) with the one-hot target t, both [N, C, d1, ...]. Each returns one number, f32 (f64 for
// f64 logits). Throws Error when an option is impossible.

// Over which pixels the areas are added up before they are divided.
enum class OverlapSums : uint8_t {
  sample,  // one value for each sample and class
  batch,   // one value for each class
  all,     // one value, for all classes together
};

struct OverlapOptions {
  bool include_background = true;  // false: without class 0, where there are others
  OverlapSums sums = OverlapSums::sample;
  bool squared = false;      // p^2 and t^2 in the denominator (Milletari et al. 2016)
  double smooth = 1e-5;      // added to numerator and denominator: 1 where both areas are empty
  double eps = 1e-8;         // the denominator is at least this
  bool skip_absent = false;  // values of classes without a pixel in the target give loss 0
  bool negative = false;     // minus the overlap, instead of 1 - overlap
  bool log = false;          // -log of the overlap (at least eps), instead of 1 - overlap
};

// 1 - the mean of (2 sum p t + smooth) / max(sum p + sum t + smooth, eps).
Tensor dice_loss(const Segmentation& s, const OverlapOptions& options = {});

// 1 - the mean of (sum p t + smooth) / max(sum p + sum t - sum p t + smooth, eps), the Jaccard
// index.
Tensor iou_loss(const Segmentation& s, const OverlapOptions& options = {});

struct TverskyOptions {
  double alpha = 0.5, beta = 0.5;  // >= 0: weights of false positives and false negatives
  double gamma = 1;                // > 0: power of each loss
  bool power_of_mean = false;      // power of their mean instead
  bool include_background = true;
  OverlapSums sums = OverlapSums::sample;
  double smooth = 1e-5;
  double eps = 1e-8;
  bool skip_absent = false;
};

// The mean of (1 - (b + smooth) / max(b + alpha (sum p - b) + beta (sum t - b) + smooth,
// eps))^gamma with b = sum p t (Salehi et al. 2017, arXiv:1706.05721). The focal Tversky loss of
// Abraham and Khan (2018, arXiv:1810.07842) is alpha 0.3, beta 0.7, gamma 0.75.
Tensor tversky_loss(const Segmentation& s, const TverskyOptions& options = {});

struct GeneralizedDiceOptions {
  double power = 2;       // >= 0: the weight of a class is 1 / (its area in the target)^power
  bool normalize = true;  // weights are divided by their sum, so that `smooth` stays small
  bool include_background = true;
  bool batch = false;    // areas of the whole batch, instead of each sample
  double smooth = 1e-5;  // added to numerator and denominator
};

// The mean over samples of 1 - (2 sum_c w_c sum p t + smooth) / (sum_c w_c (sum p + sum t) +
// smooth). A class that does not occur has the largest weight of the others. Sudre et al. 2017,
// arXiv:1707.03237; without `normalize` the same as GeneralizedDiceLoss of MONAI, in which `smooth`
// outweighs areas of more than a few hundred pixels.
Tensor generalized_dice_loss(const Segmentation& s, const GeneralizedDiceOptions& options = {});

// The options, by name, under which dice_loss and iou_loss are those of other libraries:
//   monai    DiceLoss(softmax=True), the defaults here (for iou_loss, see losses())
//   nnunet   its Dice loss: foreground only, minus Dice (so in [-1, 0])
//   smp      DiceLoss and JaccardLoss of segmentation_models_pytorch, mode multiclass (binary with
//            one channel): sums over the batch, smooth 0, classes that do not occur give 0
//   jmedseg  one value for all pixels and classes together, with smooth 1: since both areas are the
//            number of pixels, this is about 1 - the mean probability of the right class
const std::map<std::string, OverlapOptions>& overlap_presets();

}  // namespace tessera::nn
