#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/tensor.h"

namespace tessera::nn {

// A loss of segmentation as a value: a weighted sum of named losses, made by `loss`.
class Loss {
 public:
  // One number from logits [N, C, d1, ...] and integer targets [N, d1, ...].
  Tensor operator()(const Operand& logits, const Tensor& target) const;

  // What it was made from, in normal form: "0.5*dice + ce(weight=[1,2])".
  std::string str() const;

 private:
  friend Loss loss(const std::string& text, int64_t ignore_index);
  struct Part {
    double factor;
    std::string text;
    std::function<Tensor(const Operand&, const Tensor&)> function;
  };
  std::vector<Part> parts_;
};

// Reads a loss: a sum of `factor*name:preset(option=value,...)`, of which only the name is needed.
//
//   loss("0.5*dice + 0.5*ce")     loss("focal(gamma=1.5)")     loss("dice:nnunet(batch=true)+ce")
//
//   ce       cross_entropy         weight=[..], label_smoothing, ignore
//   bce      binary_cross_entropy  pos_weight=[..], ignore
//   focal    focal_loss            gamma, alpha=[..], ignore
//   dice     dice_loss             background, batch, all, squared, smooth, eps, skip_absent,
//   iou      iou_loss              negative, ignore
//
// Presets: those of overlap_presets for dice and iou; focal:jmedseg (gamma 2, alpha 0.5); and
// ce:jmedseg, whose argument w (0.8, as in its scripts) gives the weights [1 - w, w].
// ignore_index holds for all terms that do not have an `ignore` of their own.
// Throws Error with the place in the text, and the nearest known name, when it cannot be read.
Loss loss(const std::string& text, int64_t ignore_index = -100);

// dice_loss + cross_entropy.
Tensor dice_ce(const Operand& logits, const Tensor& target, int64_t ignore_index = -100);

}  // namespace tessera::nn
