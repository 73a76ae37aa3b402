#include "optim/ema.h"

#include <algorithm>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/op.h"
#include "core/settings.h"
#include "ops/binary.h"
#include "optim/state_reader.h"

namespace tessera::optim {

Ema::Ema(const Tensors& variables, const EmaOptions& options)
    : variables_(variables), options_(options) {
  require(options.decay >= 0 && options.decay <= 1, "ema: decay must lie in [0, 1], got {}",
          options.decay);
  const NoGrad no_grad;
  for (size_t i = 0; i < variables.size(); ++i) {
    require(is_variable(variables[i]), "ema: tensor {} must be a variable", i);
    averages_.push_back(cast(detach(variables[i]), compute_type(variables[i].dtype())));
  }
  eval(averages_);
}

void Ema::update() {
  require(!swapped_,
          "ema: cannot update while the variables hold the averages; end the swap first");
  const NoGrad no_grad;
  const auto t = static_cast<double>(updates_);
  const double decay =
      options_.warmup ? std::min(options_.decay, (1 + t) / (10 + t)) : options_.decay;
  Tensors next;
  for (size_t i = 0; i < variables_.size(); ++i) {
    const Tensor x = cast(detach(variables_[i]), averages_[i].dtype());
    next.push_back(is_floating(x.dtype()) ? averages_[i] + (1 - decay) * (x - averages_[i]) : x);
  }
  eval_and_release(next);
  averages_ = std::move(next);
  ++updates_;
}

Ema::Swap::Swap(Ema& ema) : ema_(ema) {
  require(!ema.swapped_, "ema: the variables hold the averages already");
  const NoGrad no_grad;
  for (const Tensor& x : ema.variables_) saved_.push_back(detach(x));
  for (size_t i = 0; i < saved_.size(); ++i)
    ema.variables_[i].update(cast(ema.averages_[i], saved_[i].dtype()));
  eval(ema.variables_);
  ema.swapped_ = true;
}

Ema::Swap::~Swap() {
  for (size_t i = 0; i < saved_.size(); ++i) ema_.variables_[i].update(saved_[i]);
  ema_.swapped_ = false;
}

std::map<std::string, Tensor> Ema::state_dict() const {
  std::map<std::string, Tensor> all{{"step", scalar(updates_, i64)}};
  for (size_t i = 0; i < averages_.size(); ++i) all[fmt::format("average.{}", i)] = averages_[i];
  return all;
}

void Ema::load_state_dict(const std::map<std::string, Tensor>& state) {
  StateReader reader(state);
  const auto updates = static_cast<int64_t>(reader.number("step", i64));
  Tensors averages;
  for (size_t i = 0; i < averages_.size(); ++i) {
    averages.push_back(
        reader.tensor(fmt::format("average.{}", i), averages_[i].shape(), averages_[i].dtype()));
  }
  reader.finish("ema", "the state must be that of averages over these variables");
  updates_ = updates;
  averages_ = std::move(averages);
}

}  // namespace tessera::optim
