#pragma once

#include <map>
#include <string>

#include "core/tensor.h"
#include "optim/optimizer.h"

namespace tessera::optim {

struct LossScalerOptions {
  double scale = 65536;         // > 0: the first factor
  double growth_factor = 2;     // > 1: after growth_interval updates in a row
  double backoff_factor = 0.5;  // in (0, 1): after a step whose gradients are not finite
  int64_t growth_interval = 2000;
};

// Trains in f16, whose gradients vanish below 6e-8 and overflow above 65504: the loss is multiplied
// by a factor, gradients are divided by it, a step whose gradients are not finite is left out, and
// the factor is kept as large as it can be. Same rules and defaults as torch.amp.GradScaler;
// Micikevicius et al. 2018, arXiv:1710.03740.
//
//   optim::LossScaler scaler;
//   for (...) {
//     Tensor loss;
//     { const Amp amp(f16); loss = cross_entropy(model(x), mask); }
//     scaler.step(opt, loss);
//   }
class LossScaler {
 public:
  // Throws Error when an option is out of its range.
  explicit LossScaler(const LossScalerOptions& options = {});

  // optimizer.step(loss), unless gradients are not finite; says whether it updated. Throws Error
  // when the factor is so small that it is not what makes them overflow.
  bool step(Optimizer& optimizer, const Operand& loss);
  // optimizer.backward(loss), for a later step.
  void backward(Optimizer& optimizer, const Operand& loss) const;

  double scale() const { return scale_; }

  // "scale", and "growth": updates since it changed.
  std::map<std::string, Tensor> state_dict() const;
  // Throws Error, and changes nothing, when the entries are not those.
  void load_state_dict(const std::map<std::string, Tensor>& state);

 private:
  LossScalerOptions options_;
  double scale_;
  int64_t growth_ = 0;
};

}  // namespace tessera::optim
