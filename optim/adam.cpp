#include "optim/adam.h"

#include <cmath>

#include "core/error.h"
#include "ops/binary.h"
#include "ops/unary.h"

namespace tessera::optim {

namespace {

bool is_beta(double beta) {
  return beta >= 0 && beta < 1;
}

std::vector<Group<AdamOptions>> as_adam(const std::vector<Group<AdamWOptions>>& groups) {
  std::vector<Group<AdamOptions>> result;
  for (const Group<AdamWOptions>& group : groups) {
    const AdamWOptions& o = group.options;
    result.push_back({group.parameters, {o.lr, o.betas, o.eps, o.weight_decay, o.amsgrad}});
  }
  return result;
}

}  // namespace

Adam::Adam(const Tensors& parameters, const AdamOptions& options, const StepOptions& step_options)
    : Adam(std::vector<Group<AdamOptions>>{{parameters, options}}, step_options) {}

Adam::Adam(const std::vector<Group<AdamOptions>>& groups, const StepOptions& step_options)
    : Adam(groups, step_options, Decay::coupled) {}

Adam::Adam(const std::vector<Group<AdamOptions>>& groups, const StepOptions& step_options,
           Decay decay)
    : Optimizer(step_options), decay_(decay) {
  const char* name = decay == Decay::coupled ? "adam" : "adamw";
  for (const Group<AdamOptions>& group : groups) {
    const AdamOptions& o = group.options;
    require(is_beta(o.betas[0]) && is_beta(o.betas[1]),
            "{}: betas must lie in [0, 1), got {} and {}", name, o.betas[0], o.betas[1]);
    require(o.eps >= 0 && o.weight_decay >= 0,
            "{}: eps and weight_decay must not be negative, got {} and {}", name, o.eps,
            o.weight_decay);
    add_group(group.parameters, o.lr);
    options_.push_back(o);
  }
}

std::vector<Optimizer::Slot> Adam::slots(size_t group) const {
  if (!options_[group].amsgrad) return {{"exp_avg"}, {"exp_avg_sq"}};
  return {{"exp_avg"}, {"exp_avg_sq"}, {"max_exp_avg_sq"}};
}

Tensor Adam::updated(const Tensor& x, const Tensor& dx, const Update& update) const {
  const AdamOptions& o = options_[update.group];
  const auto [b1, b2] = o.betas;
  const auto t = static_cast<double>(update.step);
  const bool coupled = decay_ == Decay::coupled;
  const bool decays = o.weight_decay != 0;
  const Tensor g = decays && coupled ? dx + o.weight_decay * x : dx;
  const Tensor start = decays && !coupled ? x * (1 - update.lr * o.weight_decay) : x;

  const Tensor m = update.state[0] + (1 - b1) * (g - update.state[0]);
  const Tensor v = b2 * update.state[1] + (1 - b2) * square(g);
  update.state[0] = m;
  update.state[1] = v;
  Tensor largest = v;
  if (o.amsgrad) largest = update.state[2] = maximum(update.state[2], v);
  const Tensor deviation = sqrt(largest) * (1 / std::sqrt(1 - std::pow(b2, t))) + o.eps;
  return start - (update.lr / (1 - std::pow(b1, t))) * m / deviation;
}

AdamW::AdamW(const Tensors& parameters, const AdamWOptions& options,
             const StepOptions& step_options)
    : AdamW(std::vector<Group<AdamWOptions>>{{parameters, options}}, step_options) {}

AdamW::AdamW(const std::vector<Group<AdamWOptions>>& groups, const StepOptions& step_options)
    : Adam(as_adam(groups), step_options, Decay::decoupled) {}

}  // namespace tessera::optim
