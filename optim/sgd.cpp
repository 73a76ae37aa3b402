#include "optim/sgd.h"

#include "core/error.h"
#include "ops/binary.h"

namespace tessera::optim {

Sgd::Sgd(const Tensors& parameters, const SgdOptions& options, const StepOptions& step_options)
    : Sgd(std::vector<Group<SgdOptions>>{{parameters, options}}, step_options) {}

Sgd::Sgd(const std::vector<Group<SgdOptions>>& groups, const StepOptions& step_options)
    : Optimizer(step_options) {
  for (const Group<SgdOptions>& group : groups) {
    const SgdOptions& o = group.options;
    require(o.momentum >= 0 && o.weight_decay >= 0,
            "sgd: momentum and weight_decay must not be negative, got {} and {}", o.momentum,
            o.weight_decay);
    require(!o.nesterov || (o.momentum > 0 && o.dampening == 0),
            "sgd: nesterov needs momentum > 0 and dampening = 0, got {} and {}", o.momentum,
            o.dampening);
    add_group(group.parameters, o.lr);
    options_.push_back(o);
  }
}

std::vector<Optimizer::Slot> Sgd::slots(size_t group) const {
  if (options_[group].momentum == 0) return {};
  return {{"momentum_buffer"}};
}

Tensor Sgd::updated(const Tensor& x, const Tensor& dx, const Update& update) const {
  const SgdOptions& o = options_[update.group];
  const Tensor g = o.weight_decay == 0 ? dx : dx + o.weight_decay * x;
  if (o.momentum == 0) return x - update.lr * g;
  const double share = update.step == 1 ? 1 : 1 - o.dampening;
  const Tensor b = o.momentum * update.state[0] + share * g;
  update.state[0] = b;
  return x - update.lr * (o.nesterov ? g + o.momentum * b : b);
}

}  // namespace tessera::optim
