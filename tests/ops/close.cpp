#include "tests/ops/close.h"

#include <cmath>

#include <fmt/core.h>

namespace tessera::testing {

std::string difference(const Tensor& a, const Tensor& exact, double rtol) {
  if (a.shape() != exact.shape())
    return fmt::format("shape {} instead of {}", a.shape().str(), exact.shape().str());
  const std::vector<double> x = a.to_vector<double>(), y = exact.to_vector<double>();
  double scale = 0;
  for (const double v : y) scale = std::max(scale, std::isfinite(v) ? std::abs(v) : 0);
  for (size_t i = 0; i < x.size(); ++i) {
    const bool equal = x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i])) ||
                       std::abs(x[i] - y[i]) <= rtol * (scale + std::abs(y[i]));
    if (!equal) return fmt::format("element {}: {} instead of {}", i, x[i], y[i]);
  }
  return {};
}

}  // namespace tessera::testing
