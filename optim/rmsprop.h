#pragma once

#include "optim/optimizer.h"

namespace tessera::optim {

struct RmsPropOptions {
  double lr = 1e-2;
  double alpha = 0.99;
  double eps = 1e-8;
  double weight_decay = 0;
  double momentum = 0;
  bool centered = false;
};

// RMSprop (Hinton 2012; centered: Graves 2013, arXiv:1308.0850), as torch.optim.RMSprop:
//
//   g = dx + weight_decay x,  s = alpha s + (1 - alpha) g^2,  d = sqrt(s) + eps
//   centered:  m = alpha m + (1 - alpha) g,  d = sqrt(s - m^2) + eps
//   b = momentum b + g / d,  x = x - lr b
//
// Throws Error when an option is negative.
class RmsProp final : public Optimizer {
 public:
  explicit RmsProp(const Tensors& parameters, const RmsPropOptions& options = {},
                   const StepOptions& step_options = {});
  explicit RmsProp(const std::vector<Group<RmsPropOptions>>& groups,
                   const StepOptions& step_options = {});

 private:
  std::vector<Slot> slots(size_t group) const override;
  Tensor updated(const Tensor& x, const Tensor& dx, const Update& update) const override;

  std::vector<RmsPropOptions> options_;
};

}  // namespace tessera::optim
