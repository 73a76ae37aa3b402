#include "zoo/check_gradients.h"

#include <cmath>

#include "autograd/grad.h"
#include "core/random.h"
#include "core/settings.h"
#include "nn/init.h"
#include "ops/binary.h"
#include "ops/random.h"
#include "ops/reduce.h"

namespace tessera::zoo {

double SlopeCheck::error() const {
  return std::abs(analytic - numeric) / (1e-3 + std::abs(analytic) + std::abs(numeric));
}

std::vector<SlopeCheck> check_gradients(const Spec& spec, const SlopeCheckOptions& options) {
  manual_seed(options.seed);
  const nn::ParameterDType double_precision(f64);
  const std::unique_ptr<Network> network = make(spec);
  const Shape size{options.batch, spec.channels, options.height, options.width};
  const Tensor x = randn(size, f64);
  const Tensor weights = randn({options.batch, spec.classes, options.height, options.width}, f64);
  const RandomState masks = random_state();
  const auto loss = [&] {
    set_random_state(masks);  // the same dropout each time
    return sum((*network)(x)*weights) / static_cast<double>(weights.numel());
  };

  const auto named = network->named_parameters();
  const Tensors slopes = grad(loss(), network->parameters());
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

}  // namespace tessera::zoo
