#pragma once

#include <map>
#include <string>

#include "core/tensor.h"

namespace tessera::nn {

// Losses of segmentation that compare areas: predicted probabilities p with the one-hot target t,
// both [N, C, d1, ...]. Logits, target, ignore_index, the dtype of the result and what throws are
// those of nn/loss/cross_entropy.h; with one channel p is its sigmoid, else the softmax.

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
  int64_t ignore_index = -100;
};

// 1 - the mean of (2 sum p t + smooth) / max(sum p + sum t + smooth, eps).
Tensor dice_loss(const Operand& logits, const Tensor& target, const OverlapOptions& options = {});

// 1 - the mean of (sum p t + smooth) / max(sum p + sum t - sum p t + smooth, eps), the Jaccard
// index.
Tensor iou_loss(const Operand& logits, const Tensor& target, const OverlapOptions& options = {});

// The options, by name, under which the losses are those of other libraries:
//   monai    DiceLoss(softmax=True), the defaults here
//   nnunet   its Dice loss: foreground only, minus Dice (so in [-1, 0])
//   smp      DiceLoss and JaccardLoss of segmentation_models_pytorch, mode multiclass (binary with
//            one channel): sums over the batch, smooth 0, classes that do not occur give 0
//   jmedseg  one value for all pixels and classes together, with smooth 1: since both areas are the
//            number of pixels, this is about 1 - the mean probability of the right class
const std::map<std::string, OverlapOptions>& overlap_presets();

}  // namespace tessera::nn
