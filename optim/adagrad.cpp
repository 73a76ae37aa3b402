#include "optim/adagrad.h"

#include "core/error.h"
#include "ops/binary.h"
#include "ops/unary.h"

namespace tessera::optim {

Adagrad::Adagrad(const Tensors& parameters, const AdagradOptions& options,
                 const StepOptions& step_options)
    : Adagrad(std::vector<Group<AdagradOptions>>{{parameters, options}}, step_options) {}

Adagrad::Adagrad(const std::vector<Group<AdagradOptions>>& groups, const StepOptions& step_options)
    : Optimizer(step_options) {
  for (const Group<AdagradOptions>& group : groups) {
    const AdagradOptions& o = group.options;
    require(
        o.lr_decay >= 0 && o.weight_decay >= 0 && o.initial_accumulator_value >= 0 && o.eps >= 0,
        "adagrad: lr_decay, weight_decay, initial_accumulator_value and eps must not be "
        "negative, got {}, {}, {} and {}",
        o.lr_decay, o.weight_decay, o.initial_accumulator_value, o.eps);
    add_group(group.parameters, o.lr);
    options_.push_back(o);
  }
}

std::vector<Optimizer::Slot> Adagrad::slots(size_t group) const {
  return {{"sum", options_[group].initial_accumulator_value}};
}

Tensor Adagrad::updated(const Tensor& x, const Tensor& dx, const Update& update) const {
  const AdagradOptions& o = options_[update.group];
  const double lr = update.lr / (1 + static_cast<double>(update.step - 1) * o.lr_decay);
  const Tensor g = o.weight_decay == 0 ? dx : dx + o.weight_decay * x;
  const Tensor s = update.state[0] + square(g);
  update.state[0] = s;
  return x - lr * g / (sqrt(s) + o.eps);
}

}  // namespace tessera::optim
