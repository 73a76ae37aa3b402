#pragma once

#include "optim/optimizer.h"

namespace tessera::optim {

struct AdagradOptions {
  double lr = 1e-2;
  double lr_decay = 0;
  double weight_decay = 0;
  double initial_accumulator_value = 0;
  double eps = 1e-10;
};

// Adagrad (Duchi et al. 2011), as torch.optim.Adagrad. In step t:
//
//   g = dx + weight_decay x,  s = s + g^2  (from initial_accumulator_value on),
//   x = x - lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps)
//
// Throws Error when an option is negative.
class Adagrad final : public Optimizer {
 public:
  explicit Adagrad(const Tensors& parameters, const AdagradOptions& options = {},
                   const StepOptions& step_options = {});
  explicit Adagrad(const std::vector<Group<AdagradOptions>>& groups,
                   const StepOptions& step_options = {});

 private:
  std::vector<Slot> slots(size_t group) const override;
  Tensor updated(const Tensor& x, const Tensor& dx, const Update& update) const override;

  std::vector<AdagradOptions> options_;
};

}  // namespace tessera::optim
