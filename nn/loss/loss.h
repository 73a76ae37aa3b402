#pragma once

#include <string>
#include <vector>

#include "nn/loss/loss_table.h"

namespace tessera::nn {

// A loss of segmentation as a value: a weighted sum of named losses, made by `loss`.
class Loss {
 public:
  // One number from logits [N, C, d1, ...], integer targets [N, d1, ...] and, if not all classes
  // are annotated in all cases, bool [N, classes]; see Segmentation. The terms share their softmax.
  Tensor operator()(const Operand& logits, const Tensor& target,
                    const Tensor& annotated = {}) const;

  // What it was made from, in normal form: "0.5*dice + ce(weight=[1,2])".
  std::string str() const;

 private:
  friend Loss loss(const std::string& text, int64_t ignore_index);
  struct Part {
    double factor;
    std::string text;
    LossFunction function;
  };
  std::vector<Part> parts_;
  int64_t ignore_index_ = -100;
};

// Reads a loss: a sum of `factor*name:preset(option=value,...)`, of which only the name is needed.
//
//   loss("0.5*dice + 0.5*ce")     loss("focal(gamma=1.5)")     loss("dice:nnunet(batch=true)+ce")
//
// Names, options and presets are those of losses(); `tessera losses` lists them. Pixels whose class
// is ignore_index do not count. Throws Error with the place in the text, and the nearest known
// name, when it cannot be read.
Loss loss(const std::string& text, int64_t ignore_index = -100);

// dice_loss + cross_entropy.
Tensor dice_ce(const Operand& logits, const Tensor& target, int64_t ignore_index = -100);

}  // namespace tessera::nn
