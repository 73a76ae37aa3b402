#include "optim/loss_scaler.h"

#include <cmath>

#include "core/call.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "optim/state_reader.h"

namespace tessera::optim {

LossScaler::LossScaler(const LossScalerOptions& options)
    : options_(options), scale_(options.scale) {
  require(options.scale > 0 && std::isfinite(options.scale),
          "LossScaler: scale must be positive and finite, got {}", options.scale);
  require(
      options.growth_factor > 1 && options.backoff_factor > 0 && options.backoff_factor < 1,
      "LossScaler: growth_factor must be above 1 and backoff_factor between 0 and 1, got {} and "
      "{}",
      options.growth_factor, options.backoff_factor);
  require(options.growth_interval > 0, "LossScaler: growth_interval must be positive, got {}",
          options.growth_interval);
}

void LossScaler::backward(Optimizer& optimizer, const Operand& loss) const {
  const Call call("backward", loss.where);
  optimizer.backward_scaled(loss * scale_);
}

bool LossScaler::step(Optimizer& optimizer, const Operand& loss) {
  const Call call("step", loss.where);
  constexpr double kLeast = 0x1p-24, kMost = 0x1p120;  // beyond, f32 gains nothing or overflows
  if (optimizer.step_scaled(loss * scale_, scale_)) {
    if (++growth_ < options_.growth_interval) return true;
    scale_ = std::min(scale_ * options_.growth_factor, kMost);
    growth_ = 0;
    return true;
  }
  growth_ = 0;
  require(scale_ >= kLeast,
          "step: the gradients must be finite, but even of the loss times {} some are not (loss "
          "{}); nothing was updated; a lower learning rate or clip_norm may help",
          scale_, loss.item());
  scale_ *= options_.backoff_factor;
  return false;
}

std::map<std::string, Tensor> LossScaler::state_dict() const {
  return {{"scale", scalar(scale_, f64)}, {"growth", scalar(growth_, i64)}};
}

void LossScaler::load_state_dict(const std::map<std::string, Tensor>& state) {
  StateReader reader(state);
  const double scale = reader.number("scale", f64), growth = reader.number("growth", i64);
  reader.finish("load_state_dict", "the state must be that of a LossScaler");
  require(scale > 0, "load_state_dict: the scale must be positive, got {}", scale);
  scale_ = scale;
  growth_ = static_cast<int64_t>(growth);
}

}  // namespace tessera::optim
