#include "optim/rmsprop.h"

#include "core/error.h"
#include "ops/binary.h"
#include "ops/unary.h"

namespace tessera::optim {

RmsProp::RmsProp(const Tensors& parameters, const RmsPropOptions& options,
                 const StepOptions& step_options)
    : RmsProp(std::vector<Group<RmsPropOptions>>{{parameters, options}}, step_options) {}

RmsProp::RmsProp(const std::vector<Group<RmsPropOptions>>& groups, const StepOptions& step_options)
    : Optimizer(step_options) {
  for (const Group<RmsPropOptions>& group : groups) {
    const RmsPropOptions& o = group.options;
    require(o.alpha >= 0 && o.eps >= 0 && o.weight_decay >= 0 && o.momentum >= 0,
            "rmsprop: alpha, eps, weight_decay and momentum must not be negative, got {}, {}, {} "
            "and {}",
            o.alpha, o.eps, o.weight_decay, o.momentum);
    add_group(group.parameters, o.lr);
    options_.push_back(o);
  }
}

std::vector<Optimizer::Slot> RmsProp::slots(size_t group) const {
  std::vector<Slot> kept = {{"square_avg"}};
  if (options_[group].centered) kept.push_back({"grad_avg"});
  if (options_[group].momentum > 0) kept.push_back({"momentum_buffer"});
  return kept;
}

Tensor RmsProp::updated(const Tensor& x, const Tensor& dx, const Update& update) const {
  const RmsPropOptions& o = options_[update.group];
  const Tensor g = o.weight_decay == 0 ? dx : dx + o.weight_decay * x;
  const Tensor s = o.alpha * update.state[0] + (1 - o.alpha) * square(g);
  update.state[0] = s;
  Tensor deviation = s;
  if (o.centered) {
    const Tensor m = update.state[1] + (1 - o.alpha) * (g - update.state[1]);
    update.state[1] = m;
    deviation = s - square(m);
  }
  Tensor b = g / (sqrt(deviation) + o.eps);
  if (o.momentum > 0) {
    b = o.momentum * update.state.back() + b;
    update.state.back() = b;
  }
  return x - update.lr * b;
}

}  // namespace tessera::optim
