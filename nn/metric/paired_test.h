#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "nn/metric/bootstrap.h"

namespace tessera::nn {

// How two predictions of the same cases differ in one metric. Differences are second - first; pairs
// with a number that is not finite are left out.
struct PairedTest {
  int64_t pairs = 0;                        // that were compared
  int64_t rises = 0, falls = 0, equal = 0;  // cases where the second one is higher, lower, neither
  double first = 0, second = 0;             // means over these pairs; NaN without any
  double difference = 0;                    // of the means
  Interval interval = {};                   // of the difference, from the bootstrap
  // How likely so large a difference, in either direction, is by chance alone; 1 without any.
  double wilcoxon = 1, permutation = 1;
};
PairedTest paired_test(std::span<const double> first, std::span<const double> second,
                       const BootstrapOptions& options = {});

// Wilcoxon's signed-rank test, two-sided: the p-value that the differences are symmetric around 0.
// Zeros are dropped, equal sizes share their ranks. Exact, also with equal sizes, up to 50
// differences; else the normal approximation with the correction for equal sizes, as
// scipy.stats.wilcoxon(method="approx"). 1 without any difference.
double wilcoxon_signed_rank(std::span<const double> differences);

// The two-sided p-value of the mean difference when each sign is as likely as its opposite: over
// all 2^n combinations up to 20 differences, else over `options.resamples` drawn ones, of which the
// observed one is one more.
double sign_permutation(std::span<const double> differences, const BootstrapOptions& options = {});

// Holm's correction of the p-values of several tests, so that the chance of any false finding among
// them stays what it is for one: the smallest one times their number, the next one times one
// less...
std::vector<double> holm(std::span<const double> p_values);

}  // namespace tessera::nn
