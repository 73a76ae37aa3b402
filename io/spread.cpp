#include "io/spread.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace tessera::io {

Spread spread_of(std::span<const double> values) {
  std::vector<double> sorted;
  for (const double value : values) {
    if (std::isfinite(value)) sorted.push_back(value);
  }
  std::sort(sorted.begin(), sorted.end());
  Spread spread;
  spread.count = sorted.size();
  spread.undefined = values.size() - sorted.size();
  if (sorted.empty()) {
    spread.mean = spread.deviation = spread.low = spread.median = spread.high = NAN;
    return spread;
  }
  const size_t n = sorted.size();
  double sum = 0, squares = 0;
  for (const double value : sorted) sum += value;
  spread.mean = sum / static_cast<double>(n);
  for (const double value : sorted) squares += (value - spread.mean) * (value - spread.mean);
  spread.deviation = n > 1 ? std::sqrt(squares / static_cast<double>(n - 1)) : 0;
  spread.low = sorted.front();
  spread.median = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2;
  spread.high = sorted.back();
  return spread;
}

}  // namespace tessera::io
