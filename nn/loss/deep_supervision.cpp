#include "nn/loss/deep_supervision.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/nearest.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/interpolate.h"
#include "ops/shape.h"

namespace tessera::nn {

std::vector<double> supervision_weights(SupervisionWeights kind, int64_t levels) {
  require(levels >= 1, "supervision_weights: there must be at least one level, got {}", levels);
  std::vector<double> weights;
  for (int64_t level = 0; level < levels; ++level) {
    const double halved = std::ldexp(1.0, -static_cast<int>(std::min<int64_t>(level, 1000)));
    constexpr double kLeast = 1.0 / 16;
    switch (kind) {
      case SupervisionWeights::nnunet:
        weights.push_back(halved);
        break;
      case SupervisionWeights::exp:
        weights.push_back(std::max(halved, kLeast));
        break;
      case SupervisionWeights::two:
        weights.push_back(level == 0 ? 1 : 0.5);
        break;
      case SupervisionWeights::same:
        weights.push_back(1);
        break;
    }
  }
  if (kind == SupervisionWeights::nnunet) {
    if (levels > 1) weights.back() = 0;
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    for (double& weight : weights) weight /= total;
  }
  return weights;
}

namespace {

// The classes [N, d1, ...] of the pixels of an output.
Tensor resized(const Tensor& target, const Shape& output) {
  const Shape size = output.without(0).without(0);
  if (target.shape().without(0) == size) return target;
  const Shape channel = {target.shape(0), 1};
  Shape planes = channel, wanted = {target.shape(0)};
  for (int axis = 1; axis < target.ndim(); ++axis) planes.push_back(target.shape(axis));
  for (const int64_t extent : size) wanted.push_back(extent);
  const Tensor classes =
      interpolate(reshape(target, planes), {.size = size, .mode = Interpolation::nearest_exact});
  return reshape(classes, wanted);
}

}  // namespace

Tensor deep_supervision(const Loss& loss, const Tensors& outputs, const Tensor& target,
                        const std::vector<double>& weights, const Tensor& annotated) {
  require(target.defined() && target.ndim() >= 1,
          "deep_supervision: the target must be [N, d1, ...]");
  require(!outputs.empty() && outputs.size() == weights.size() &&
              std::all_of(weights.begin(), weights.end(), [](double w) { return w >= 0; }),
          "deep_supervision: there must be a weight >= 0 for each output, got {} for {}",
          weights.size(), outputs.size());
  Tensor total;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (weights[i] == 0) continue;
    const Shape& shape = outputs[i].shape();
    require(shape.ndim() >= 2, "deep_supervision: outputs must be [N, C, d1, ...], got {}", shape);
    const Tensor part = weights[i] * loss(outputs[i], resized(target, shape), annotated);
    total = total.defined() ? total + part : part;
  }
  return total.defined() ? total : zeros({});
}

Tensor deep_supervision(const Loss& loss, const Tensors& outputs, const Tensor& target,
                        SupervisionWeights weights, const Tensor& annotated) {
  return deep_supervision(loss, outputs, target,
                          supervision_weights(weights, static_cast<int64_t>(outputs.size())),
                          annotated);
}

SupervisionWeights parse_supervision_weights(const std::string& text) {
  const std::vector<std::string> names = {"nnunet", "exp", "two", "same"};
  const auto found = std::find(names.begin(), names.end(), text);
  require(found != names.end(), "supervision: there is no '{}'; {}", text, suggest(text, names));
  return static_cast<SupervisionWeights>(found - names.begin());
}

}  // namespace tessera::nn
