#include "nn/metric/average_precision.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "core/error.h"

namespace tessera::nn {

double average_precision(std::span<const float> scores, std::span<const uint8_t> positive) {
  require(scores.size() == positive.size(),
          "average_precision: needs one score for each pixel, got {} and {}", scores.size(),
          positive.size());
  for (const float score : scores) {
    require(std::isfinite(score), "average_precision: scores must be finite, got {}", score);
  }
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  int64_t all = 0, found = 0, before = 0;
  for (const uint8_t one : positive) all += one != 0;
  if (all == 0) return std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    found += positive[order[i]] != 0;
    if (i + 1 < order.size() && scores[order[i + 1]] == scores[order[i]]) continue;
    sum += static_cast<double>(found - before) * static_cast<double>(found) /
           static_cast<double>(i + 1);
    before = found;
  }
  return sum / static_cast<double>(all);
}

}  // namespace tessera::nn
