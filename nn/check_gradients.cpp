#include "nn/check_gradients.h"

#include <cmath>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/random.h"
#include "core/settings.h"
#include "ops/binary.h"
#include "ops/random.h"
#include "ops/reduce.h"

namespace tessera::nn {

double SlopeCheck::error() const {
  return std::abs(analytic - numeric) / (1e-3 + std::abs(analytic) + std::abs(numeric));
}

std::vector<SlopeCheck> check_gradients(Module& module, const Tensor& x,
                                        const SlopeCheckOptions& options) {
  const auto named = module.named_parameters();
  require(x.dtype() == f64, "check_gradients: the input must be f64, got {}", name_of(x.dtype()));
  for (const auto& [name, parameter] : named) {
    require(parameter.dtype() == f64,
            "check_gradients: parameters must be f64, got {} for {}; build the module where a "
            "nn::ParameterDType(f64) lives",
            name_of(parameter.dtype()), name);
  }
  manual_seed(options.seed);
  const Tensor weights = randn(module(x).shape(), f64);
  const RandomState masks = random_state();
  const auto loss = [&] {
    set_random_state(masks);  // the same dropout each time
    return sum(module(x) * weights) / static_cast<double>(weights.numel());
  };

  const Tensors slopes = grad(loss(), module.parameters());
  std::vector<SlopeCheck> checks;
  for (size_t p = 0; p < named.size(); ++p) {
    const Tensor& parameter = named[p].second;
    const Tensor start(parameter.value_node());
    const Tensor direction = randn(parameter.shape(), f64);
    const NoGrad no_grad;
    const auto loss_at = [&](double step) {
      parameter.update(start + step * direction);
      return loss().item();
    };
    const double behind = loss_at(-options.step), ahead = loss_at(options.step);
    parameter.update(start);
    checks.push_back(
        {named[p].first, sum(slopes[p] * direction).item(), (ahead - behind) / (2 * options.step)});
  }
  return checks;
}

}  // namespace tessera::nn
