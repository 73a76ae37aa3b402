#include "optim/optimizer.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "autograd/explain.h"
#include "autograd/grad.h"
#include "core/call.h"
#include "core/error.h"
#include "core/op.h"
#include "core/settings.h"
#include "core/transfer.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/unary.h"
#include "optim/clip.h"
#include "optim/state_reader.h"

namespace tessera::optim {

namespace {

// New values that take the place of old ones, all or none. The old ones are given up before the new
// ones are computed, which may then take over their memory. Until that has worked, the graph of a
// new value holds the old one, which can be put back.
class Exchange {
 public:
  void variable(const Tensor& variable, const Tensor& value) {
    entries_.push_back({variable, nullptr, value, nullptr, {}});
  }
  void tensor(Tensor& place, const Tensor& value) {
    entries_.push_back({{}, &place, value, nullptr, {}});
  }

  // Puts the new values in place and computes them, and `others`, forgetting the graph.
  void run(Tensors others) {
    for (Entry& entry : entries_) {
      entry.old = entry.place ? entry.place->node() : entry.variable.value_node();
      if (!holds(entry.value, entry.old)) entry.kept = Tensor(entry.old);
      const Tensor value = std::exchange(entry.value, {});
      put(entry, value);
      others.push_back(entry.place ? *entry.place : entry.variable);
    }
    try {
      eval_and_release(others);
    } catch (...) {
      for (const Entry& entry : entries_) put(entry, Tensor(entry.old));
      throw;
    }
  }

 private:
  struct Entry {
    Tensor variable;  // either this
    Tensor* place;    // or this
    Tensor value;
    Node* old;
    Tensor kept;  // holds `old` where the new value does not
  };

  // Whether `value` is computed from `old`, which it holds for that long. Updates are short, so
  // that it is found soon.
  static bool holds(const Tensor& value, const Node* old) {
    constexpr size_t kEnough = 64;
    std::vector<const Node*> seen{value.node()};
    for (size_t next = 0; next < seen.size() && seen.size() < kEnough; ++next) {
      for (int i = 0; i < seen[next]->inputs(); ++i) {
        if (seen[next]->input(i) == old) return true;
        seen.push_back(seen[next]->input(i));
      }
    }
    return false;
  }

  static void put(const Entry& entry, const Tensor& value) {
    if (entry.place) {
      *entry.place = value;
    } else {
      entry.variable.update(value);
    }
  }

  std::vector<Entry> entries_;
};

// The new value where `finite` holds, the old one elsewhere.
Tensor guarded(const Tensor& finite, const Tensor& value, const Tensor& old) {
  return finite.defined() ? where(finite, value, old) : value;
}

[[noreturn]] void fail_not_finite(const char* function, const Tensor& loss) {
  const double value = loss.defined() ? loss.item() : 0;
  require(std::isfinite(value),
          "{}: the loss must be finite, got {}; nothing was updated; a lower learning rate or "
          "clip_norm may help",
          function, value);
  fail(
      fmt::format("{}: the gradients must be finite, but some are not (loss {}); nothing was "
                  "updated",
                  function, value));
}

// Whether the value is computed while the processor goes on.
bool settles_later(const Tensor& value) {
  return value.defined() && value.device() != Device::cpu();
}

}  // namespace

Optimizer::Optimizer(const StepOptions& options) : options_(options) {
  require(options.clip_norm >= 0 && options.clip_value >= 0,
          "optimizer: clip_norm and clip_value must not be negative, got {} and {}",
          options.clip_norm, options.clip_value);
}

void Optimizer::add_group(const Tensors& parameters, double lr) {
  lr_.push_back(lr);
  set_lr(lr, lr_.size() - 1);
  require(!parameters.empty(), "optimizer: group {} has no parameters", lr_.size() - 1);
  for (const Tensor& x : parameters) {
    const size_t index = parameters_.size();
    require(is_variable(x),
            "optimizer: parameter {} must be a variable, got {}; make it with variable(tensor)",
            index, x.defined() ? "another tensor" : "an undefined tensor");
    require(is_floating(x.dtype()), "optimizer: parameter {} must be floating, got {} {}", index,
            x.dtype(), x.shape());
    for (size_t i = 0; i < index; ++i) {
      require(parameters_[i].variable.node() != x.node(),
              "optimizer: parameters {} and {} are the same variable, which would be updated twice",
              i, index);
    }
    parameters_.push_back({x, lr_.size() - 1});
  }
}

Tensors Optimizer::gradients_of(const char* function, const Tensor& loss) const {
  require(loss.defined(), "{}: the loss is an undefined tensor", function);
  require(is_floating(loss.dtype()) && loss.numel() == 1,
          "{}: the loss must be one floating number, got {} {}; take its mean or sum", function,
          loss.dtype(), loss.shape());
  eval(parameters());  // or a first step would have the numbers they start with in memory, too
  Tensors gradients = vjp({loss}, parameters(), {expand(scalar(1.0, loss.dtype()), loss.shape())});
  const bool any = std::any_of(gradients.begin(), gradients.end(),
                               [](const Tensor& gradient) { return gradient.defined(); });
  if (!any) {
    fail(fmt::format("{}: no path leads from the loss to any of the {} parameters; {}", function,
                     parameters_.size(), explain_grad(loss, parameters_[0].variable)));
  }
  for (size_t i = 0; i < gradients.size(); ++i) {
    const Tensor& before = parameters_[i].accumulated;
    if (!gradients[i].defined()) {
      gradients[i] = before;
    } else if (before.defined()) {
      gradients[i] = before + gradients[i];
    }
  }
  return gradients;
}

void Optimizer::step(const Operand& loss) {
  const Call call("step", loss.where);
  apply(combined(gradients_of("step", loss)), loss);
}

bool Optimizer::step_scaled(const Operand& loss, double scale) {
  const Call call("step", loss.where);
  require(scale > 0 && std::isfinite(scale), "step: the scale must be positive and finite, got {}",
          scale);
  Tensors gradients = combined(gradients_of("step", loss));
  const NoGrad no_grad;
  Tensor finite;
  for (Tensor& gradient : gradients) {
    if (!gradient.defined()) continue;
    gradient = gradient / scale;
    const Tensor own = all(isfinite(gradient));
    finite = finite.defined() ? finite & own : own;
  }
  return apply(std::move(gradients), loss, finite);
}

void Optimizer::step() {
  Tensors gradients;
  bool any = false;
  for (const Parameter& p : parameters_) {
    gradients.push_back(p.accumulated);
    any = any || p.accumulated.defined();
  }
  require(any,
          "step: there are no accumulated gradients; call backward(loss) before, or "
          "step(loss)");
  apply(combined(std::move(gradients)), {});
}

void Optimizer::step(const Tensors& gradients) {
  require(gradients.size() == parameters_.size(),
          "step: needs one gradient for each of the {} parameters, got {}", parameters_.size(),
          gradients.size());
  for (size_t i = 0; i < gradients.size(); ++i) {
    if (!gradients[i].defined()) continue;
    const Tensor& x = parameters_[i].variable;
    require(gradients[i].shape() == x.shape() && is_floating(gradients[i].dtype()),
            "step: gradient {} must be floating with the shape {} of its parameter, got {} {}", i,
            x.shape(), gradients[i].dtype(), gradients[i].shape());
  }
  apply(gradients, {});
}

void Optimizer::backward(const Operand& loss) {
  const Call call("backward", loss.where);
  accumulate(loss, options_.check_finite);
}

void Optimizer::backward_scaled(const Operand& loss) {
  const Call call("backward", loss.where);
  accumulate(loss, false);
}

void Optimizer::accumulate(const Tensor& loss, bool check_finite) {
  Tensors gradients = gradients_of("backward", loss);
  const NoGrad no_grad;
  const Tensor finite = check_finite ? isfinite(reshape(loss, {})) : Tensor();
  std::vector<Tensor*> started;
  Exchange exchange;
  for (size_t i = 0; i < gradients.size(); ++i) {
    const Tensor gradient = std::exchange(gradients[i], {});
    Tensor& accumulated = parameters_[i].accumulated;
    if (!gradient.defined()) continue;
    if (!accumulated.defined()) {
      started.push_back(&accumulated);
      exchange.tensor(accumulated, gradient);
    } else {
      exchange.tensor(accumulated, guarded(finite, gradient, accumulated));
    }
  }
  check();  // of the step before
  exchange.run({loss, finite});
  if (finite.defined() && finite.item() == 0) {
    for (Tensor* accumulated : started) *accumulated = {};
    fail_not_finite("backward", loss);
  }
}

Tensors Optimizer::combined(Tensors&& gradients) const {
  const NoGrad no_grad;
  const Tensors own = std::move(gradients);  // nobody else holds them while they are computed
  return options_.combine ? options_.combine(own) : own;
}

void Optimizer::zero_grad() {
  for (Parameter& p : parameters_) p.accumulated = {};
}

bool Optimizer::apply(Tensors gradients, const Tensor& loss, Tensor finite) {
  const NoGrad no_grad;
  const bool may_skip = finite.defined();
  Tensor norm;
  if (options_.clip_value > 0) gradients = clip_grad_value(gradients, options_.clip_value);
  if (options_.clip_norm > 0) {
    Clipped clipped = clip_grad_norm(gradients, options_.clip_norm);
    gradients = std::move(clipped.gradients);
    norm = clipped.norm;
  }
  const bool guards = options_.check_finite && !may_skip;
  if (guards && loss.defined()) finite = isfinite(reshape(loss, {}));
  if (guards && norm.defined())
    finite = finite.defined() ? finite & isfinite(norm) : isfinite(norm);

  Exchange exchange;
  for (size_t i = 0; i < gradients.size(); ++i) {
    if (!gradients[i].defined()) continue;
    Parameter& p = parameters_[i];
    const DType type = compute_type(p.variable.dtype());
    const std::vector<Slot> kept = slots(p.group);
    p.state.resize(kept.size());
    Tensors before = p.state;
    for (size_t s = 0; s < kept.size(); ++s) {
      if (!before[s].defined()) before[s] = full(p.variable.shape(), kept[s].initial, type);
    }
    Tensors state = before;
    const Tensor value(p.variable.value_node());
    const Tensor next = updated(cast(value, type), cast(gradients[i], type),
                                {p.group, lr_[p.group], p.steps + 1, state});
    exchange.variable(p.variable, guarded(finite, cast(next, value.dtype()), value));
    for (size_t s = 0; s < kept.size(); ++s)
      exchange.tensor(p.state[s], guarded(finite, state[s], before[s]));
  }
  Attempt attempt{finite, loss, {}};
  bool accumulated = false;
  for (size_t i = 0; i < gradients.size(); ++i) {
    if (gradients[i].defined()) attempt.counted.push_back(i);
    gradients[i] = {};  // its memory is free once it is used
    accumulated = accumulated || parameters_[i].accumulated.defined();
  }
  check();  // of the step before
  exchange.run({loss, norm, finite});
  grad_norm_ = norm;
  for (const size_t i : attempt.counted) ++parameters_[i].steps;
  const bool later = !may_skip && !accumulated && settles_later(finite);
  if (!later && !attempt.succeeded()) {
    take_back(attempt);
    if (!may_skip) fail_not_finite("step", loss);
    zero_grad();
    return false;
  }
  if (later) unchecked_ = std::move(attempt);
  zero_grad();
  return true;
}

bool Optimizer::Attempt::succeeded() const {
  return !finite.defined() || finite.item() != 0;
}

void Optimizer::take_back(const Attempt& attempt) {
  for (const size_t i : attempt.counted) {
    Parameter& p = parameters_[i];
    if (--p.steps == 0) p.state = {};
  }
}

void Optimizer::check() {
  const std::optional<Attempt> last = std::exchange(unchecked_, std::nullopt);
  if (!last) return;
  if (!last->succeeded()) {
    take_back(*last);
    fail_not_finite("step", last->loss);
  }
  if (last->loss.defined()) host_data(*last->loss.value_node());  // nothing else goes on yet
}

double Optimizer::lr(size_t group) const {
  require(group < lr_.size(), "lr: group {} does not exist, there are {}", group, lr_.size());
  return lr_[group];
}

void Optimizer::set_lr(double lr) {
  for (size_t group = 0; group < lr_.size(); ++group) set_lr(lr, group);
}

void Optimizer::set_lr(double lr, size_t group) {
  require(group < lr_.size(), "set_lr: group {} does not exist, there are {}", group, lr_.size());
  require(lr >= 0 && std::isfinite(lr), "set_lr: lr must be a finite number >= 0, got {}", lr);
  lr_[group] = lr;
}

Tensors Optimizer::parameters() const {
  Tensors all;
  for (const Parameter& p : parameters_) all.push_back(p.variable);
  return all;
}

double Optimizer::grad_norm() const {
  require(grad_norm_.defined(), "grad_norm: known after a step with clip_norm");
  return grad_norm_.item();
}

std::map<std::string, Tensor> Optimizer::state_dict() const {
  if (unchecked_ && !unchecked_->succeeded()) fail_not_finite("step", unchecked_->loss);
  std::map<std::string, Tensor> all;
  for (size_t g = 0; g < lr_.size(); ++g) all[fmt::format("group.{}.lr", g)] = scalar(lr_[g], f64);
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Parameter& p = parameters_[i];
    all[fmt::format("state.{}.step", i)] = scalar(p.steps, i64);
    const std::vector<Slot> kept = slots(p.group);
    for (size_t s = 0; s < p.state.size(); ++s) {
      if (p.state[s].defined()) all[fmt::format("state.{}.{}", i, kept[s].name)] = p.state[s];
    }
    if (p.accumulated.defined()) all[fmt::format("state.{}.gradient", i)] = p.accumulated;
  }
  return all;
}

void Optimizer::load_state_dict(const std::map<std::string, Tensor>& given) {
  StateReader reader(given);
  std::vector<double> lr;
  for (size_t g = 0; g < lr_.size(); ++g) {
    lr.push_back(reader.number(fmt::format("group.{}.lr", g), f64));
  }
  std::vector<Parameter> loaded;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Parameter& p = parameters_[i];
    const Shape& shape = p.variable.shape();
    const DType type = compute_type(p.variable.dtype());
    Parameter next{p.variable, p.group};
    next.steps = static_cast<int64_t>(reader.number(fmt::format("state.{}.step", i), i64));
    for (const Slot& slot : slots(p.group)) {
      const std::string name = fmt::format("state.{}.{}", i, slot.name);
      next.state.push_back(reader.tensor(name, shape, type, next.steps > 0));
    }
    next.accumulated =
        reader.tensor(fmt::format("state.{}.gradient", i), shape, p.variable.dtype(), false);
    loaded.push_back(std::move(next));
  }
  reader.finish("load_state_dict", "the state must be that of this method over these parameters");
  for (size_t g = 0; g < lr.size(); ++g) set_lr(lr[g], g);
  parameters_ = std::move(loaded);
  unchecked_.reset();
}

}  // namespace tessera::optim
