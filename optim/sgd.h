#pragma once

#include "optim/optimizer.h"

namespace tessera::optim {

struct SgdOptions {
  double lr = 1e-3;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;
  bool nesterov = false;
};

// Gradient descent with momentum, as torch.optim.SGD:
//
//   g = dx + weight_decay x,  b = momentum b + (1 - dampening) g  (b = g in the first step),
//   x = x - lr b,  or with nesterov  x = x - lr (g + momentum b)
//
// Throws Error when an option is negative, or for nesterov without momentum or with dampening.
class Sgd final : public Optimizer {
 public:
  explicit Sgd(const Tensors& parameters, const SgdOptions& options = {},
               const StepOptions& step_options = {});
  explicit Sgd(const std::vector<Group<SgdOptions>>& groups, const StepOptions& step_options = {});

 private:
  std::vector<Slot> slots(size_t group) const override;
  Tensor updated(const Tensor& x, const Tensor& dx, const Update& update) const override;

  std::vector<SgdOptions> options_;
};

}  // namespace tessera::optim
