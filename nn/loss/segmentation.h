#pragma once

#include <source_location>
#include <vector>

#include "core/tensor.h"

namespace tessera::nn {

struct SegmentationOptions {
  int64_t ignore_index = -100;  // pixels of this class do not count
  // For cases in which not every structure was drawn: bool [N, classes], whether class c was looked
  // for in case n; undefined when all were. A pixel labelled 0 then means "none of the annotated
  // classes": the probabilities of the others are added to that of class 0 (Shi et al. 2021,
  // arXiv:2007.03868), and they count nowhere, nor do pixels labelled with them, nor cases without
  // any annotated class. Column 0 is not read.
  Tensor annotated = {};
};

// What every loss of segmentation takes: logits [N, C, d1, ...], and the target, the class of each
// pixel as integers or bool [N, d1, ...]. One channel means two classes, of which the logit says
// how likely the second is.
//
//   nn::dice_loss({logits, mask})
//   nn::cross_entropy({logits, mask, {.ignore_index = 255}}, {.label_smoothing = 0.1})
//
// Losses of the same logits share their softmax when they are given the same Segmentation.
struct Segmentation {
  // Throws Error when shapes or dtypes do not fit. A class out of range is an Error when the loss
  // is computed.
  Segmentation(const Operand& logits, const Tensor& target,
               const SegmentationOptions& options = {});

  Tensor logits;     // f32 or f64
  int64_t channels;  // C
  int64_t classes;   // max(C, 2)
  bool binary;       // C is 1

  Tensor index;   // i64 [N, 1, d1, ...], the class, -1 where it does not count
  Tensor counts;  // bool [N, 1, d1, ...]
  // Softmax or sigmoid, and the target in the same form, [N, C, d1, ...]; 0 where pixels do not
  // count.
  Tensor probabilities, one_hot;
  Tensor annotated;  // [N, C], 1 or 0: which values of channels count

  // -log of the probability of each pixel's class, [N, 1, d1, ...], 0 where it does not count.
  Tensor surprise() const;
  // Logarithms of the probabilities of all classes, [N, classes, d1, ...], 0 for those that are not
  // annotated.
  Tensor log_probabilities() const;
  // The mean of x [N, classes, d1, ...] over the annotated classes, [N, 1, d1, ...].
  Tensor class_mean(const Tensor& x) const;
  // bool [N, C, d1, ...]: where a channel by itself, against the rest, says something about a
  // pixel. Class 0 of a case that lacks a class does so only where another class is.
  Tensor channel_counts() const;
  // values[c] for class c of each pixel, 0 where it does not count, [N, 1, d1, ...]. Throws Error,
  // beginning with `what`, when there is not one value for each class.
  Tensor per_class(const char* what, const std::vector<double>& values) const;
  // Sums of x [N, C, d1, ...] over pixels, [N, C].
  Tensor area(const Tensor& x) const;
  // x [N, C, ...] without channel 0, unless `background` or there is no other.
  Tensor foreground(const Tensor& x, bool background) const;

  std::source_location line;  // of the user

 private:
  void leave_out(const Tensor& given);
  Tensor merged() const;
  Tensor along_classes() const;

  Tensor known_;   // bool [N, classes, 1, ...]; undefined when every class is
  Tensor merged_;  // the logits of what can be told apart, unless binary
};

// x^gamma for x >= 0, with derivative 0 below 1e-12, where a power below 1 has no finite one.
Tensor power(const Tensor& x, double gamma);

// The sum of `each`, weighted already, over that of its weights; 0 when nothing counts.
Tensor weighted_mean(const Tensor& each, const Tensor& weight);

}  // namespace tessera::nn
