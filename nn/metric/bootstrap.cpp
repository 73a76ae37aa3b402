#include "nn/metric/bootstrap.h"

#include <cmath>
#include <limits>

#include "core/error.h"
#include "core/random.h"
#include "nn/metric/surface_distance.h"

namespace tessera::nn {

Interval bootstrap(int64_t cases, const std::function<double(std::span<const int64_t>)>& statistic,
                   const BootstrapOptions& options) {
  require(options.confidence > 0 && options.confidence < 1,
          "bootstrap: confidence must be above 0 and below 1, got {}", options.confidence);
  require(options.resamples >= 1, "bootstrap: resamples must be at least 1, got {}",
          options.resamples);
  require(cases >= 0 && cases <= std::numeric_limits<uint32_t>::max(),
          "bootstrap: cases must be from 0 to 2^32 - 1, got {}", cases);
  std::vector<double> values;
  std::vector<int64_t> drawn(static_cast<size_t>(cases));
  for (int64_t i = 0; i < options.resamples && cases > 0; ++i) {
    for (size_t j = 0; j < drawn.size(); j += 4) {
      const Philox random(options.seed, static_cast<uint64_t>(i), j);
      for (size_t k = j; k < std::min(j + 4, drawn.size()); ++k) {
        drawn[k] = static_cast<int64_t>(random.word[k - j] * static_cast<uint64_t>(cases) >> 32);
      }
    }
    const double value = statistic(drawn);
    if (!std::isnan(value)) values.push_back(value);
  }
  const double outside = 0.5 * (1 - options.confidence);
  return {quantile(values, outside), quantile(values, 1 - outside)};
}

Interval bootstrap_mean(std::span<const double> values, const BootstrapOptions& options) {
  const auto mean = [&](std::span<const int64_t> drawn) {
    double sum = 0;
    for (const int64_t i : drawn) sum += values[static_cast<size_t>(i)];
    return sum / static_cast<double>(drawn.size());
  };
  return bootstrap(static_cast<int64_t>(values.size()), mean, options);
}

}  // namespace tessera::nn
