#pragma once

#include <array>

#include "optim/optimizer.h"

namespace tessera::optim {

struct AdamOptions {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0;
  bool amsgrad = false;
};

// Adam (Kingma & Ba 2015, arXiv:1412.6980), as torch.optim.Adam. In step t:
//
//   g = dx + weight_decay x,  m = b1 m + (1 - b1) g,  v = b2 v + (1 - b2) g^2,
//   x = x - lr m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + eps)
//
// amsgrad uses the largest v so far in the last line. Throws Error when a beta lies outside [0, 1),
// or another option is negative.
class Adam : public Optimizer {
 public:
  explicit Adam(const Tensors& parameters, const AdamOptions& options = {},
                const StepOptions& step_options = {});
  explicit Adam(const std::vector<Group<AdamOptions>>& groups,
                const StepOptions& step_options = {});

 protected:
  // Weight decay is part of the gradient (Adam), or shrinks x by itself (AdamW).
  enum class Decay : uint8_t { coupled, decoupled };
  Adam(const std::vector<Group<AdamOptions>>& groups, const StepOptions& step_options, Decay decay);

 private:
  std::vector<Slot> slots(size_t group) const override;
  Tensor updated(const Tensor& x, const Tensor& dx, const Update& update) const override;

  std::vector<AdamOptions> options_;
  Decay decay_;
};

struct AdamWOptions {
  double lr = 1e-3;
  std::array<double, 2> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 1e-2;
  bool amsgrad = false;
};

// Adam with g = dx, that first shrinks x to (1 - lr weight_decay) x (Loshchilov & Hutter 2019,
// arXiv:1711.05101), as torch.optim.AdamW.
class AdamW final : public Adam {
 public:
  explicit AdamW(const Tensors& parameters, const AdamWOptions& options = {},
                 const StepOptions& step_options = {});
  explicit AdamW(const std::vector<Group<AdamWOptions>>& groups,
                 const StepOptions& step_options = {});
};

}  // namespace tessera::optim
