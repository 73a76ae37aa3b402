#pragma once

#include "core/tensor.h"

namespace tessera::nn {

// What every segmentation loss makes of its arguments: logits [N, C, d1, ...] and the target
// [N, d1, ...], the class of each pixel as integers or bool. One channel means two classes, of
// which the logit says how likely the second is.
struct Segmentation {
  // Throws Error when shapes or dtypes do not fit. A class out of range is an Error when the loss
  // is computed.
  Segmentation(const char* loss, const Tensor& logits, const Tensor& target, int64_t ignore_index);

  Tensor logits;    // f32 or f64
  int64_t classes;  // max(C, 2)
  bool binary;      // C is 1
  Tensor index;     // i64 [N, 1, d1, ...], the class, -1 where it is ignored
  Tensor counts;    // bool [N, 1, d1, ...], not ignored

  // Softmax or sigmoid, and the target in the same form, [N, C, d1, ...]; both 0 where ignored.
  Tensor probabilities() const;
  Tensor one_hot() const;
  // values[c] for class c of each pixel, 0 where it is ignored, [N, 1, d1, ...]. Throws Error
  // when there is not one value for each class.
  Tensor per_class(const char* what, const std::vector<double>& values) const;

 private:
  const char* loss_;
};

// The sum of `each`, [N, 1, d1, ...], over `weight`'s (of the same shape); 0 when nothing counts.
Tensor weighted_mean(const Tensor& each, const Tensor& weight);

}  // namespace tessera::nn
