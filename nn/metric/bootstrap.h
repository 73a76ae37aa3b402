#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace tessera::nn {

struct BootstrapOptions {
  double confidence = 0.95;  // above 0 and below 1
  int64_t resamples = 2000;  // at least 1
  uint64_t seed = 0;         // the same seed gives the same interval
};

// Where a number that was computed from cases could also have been, had others been drawn.
struct Interval {
  double low, high;  // NaN where nothing is defined
};

// The percentile interval of Efron's bootstrap: `statistic` is computed from `cases` cases drawn
// with replacement, again and again, and the interval holds the middle share of its values. It gets
// the indices of the drawn cases, in [0, cases); values that are NaN are left out.
//
// It is for means of twenty cases or more; of few cases it is too short.
Interval bootstrap(int64_t cases, const std::function<double(std::span<const int64_t>)>& statistic,
                   const BootstrapOptions& options = {});

// Of the mean of some values.
Interval bootstrap_mean(std::span<const double> values, const BootstrapOptions& options = {});

}  // namespace tessera::nn
