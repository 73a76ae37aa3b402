#include "nn/metric/paired_test.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/error.h"
#include "core/random.h"

namespace tessera::nn {

namespace {

// Twice the ranks of the sizes of numbers, so that shared ranks are whole.
std::vector<int64_t> doubled_ranks(const std::vector<double>& values) {
  std::vector<size_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return std::abs(values[a]) < std::abs(values[b]); });
  std::vector<int64_t> ranks(values.size());
  for (size_t i = 0; i < order.size();) {
    size_t end = i + 1;
    while (end < order.size() && std::abs(values[order[end]]) == std::abs(values[order[i]])) ++end;
    // The mean of the ranks i + 1, ..., end.
    for (size_t k = i; k < end; ++k) ranks[order[k]] = static_cast<int64_t>(i + 1 + end);
    i = end;
  }
  return ranks;
}

// The share of the 2^n choices of signs whose positive ranks sum up to at most `sum`.
double share_up_to(const std::vector<int64_t>& ranks, int64_t sum) {
  std::vector<double> ways = {1};  // of each sum of the ranks so far
  for (const int64_t rank : ranks) {
    std::vector<double> more(ways.size() + static_cast<size_t>(rank), 0);
    for (size_t s = 0; s < ways.size(); ++s) {
      more[s] += 0.5 * ways[s];
      more[s + static_cast<size_t>(rank)] += 0.5 * ways[s];
    }
    ways = std::move(more);
  }
  double share = 0;
  for (int64_t s = 0; s <= sum; ++s) share += ways[static_cast<size_t>(s)];
  return share;
}

double mean_of(const std::vector<double>& values) {
  return values.empty() ? std::numeric_limits<double>::quiet_NaN()
                        : std::accumulate(values.begin(), values.end(), 0.0) /
                              static_cast<double>(values.size());
}

// Of all sums with the signs of differences[i], ... still open, how many are as large as
// `observed`.
int64_t count_extreme(std::span<const double> differences, double sum, double observed) {
  if (differences.empty()) return std::abs(sum) >= observed ? 1 : 0;
  const auto rest = differences.subspan(1);
  return count_extreme(rest, sum + differences[0], observed) +
         count_extreme(rest, sum - differences[0], observed);
}

}  // namespace

double wilcoxon_signed_rank(std::span<const double> differences) {
  std::vector<double> nonzero;
  for (const double d : differences) {
    if (d != 0) nonzero.push_back(d);
  }
  const auto n = static_cast<double>(nonzero.size());
  if (nonzero.empty()) return 1;
  const std::vector<int64_t> ranks = doubled_ranks(nonzero);
  int64_t up = 0, down = 0;
  for (size_t i = 0; i < ranks.size(); ++i) (nonzero[i] > 0 ? up : down) += ranks[i];
  constexpr size_t kExact = 50;
  if (nonzero.size() <= kExact) return std::min(1.0, 2 * share_up_to(ranks, std::min(up, down)));
  // Each rank is counted or not: variance rank^2 / 4, which shared ranks make smaller.
  double variance = 0;
  for (const int64_t rank : ranks) variance += 0.0625 * static_cast<double>(rank * rank);
  const double z =
      (0.5 * static_cast<double>(std::min(up, down)) - 0.25 * n * (n + 1)) / std::sqrt(variance);
  return std::erfc(std::abs(z) / std::sqrt(2.0));
}

double sign_permutation(std::span<const double> differences, const BootstrapOptions& options) {
  require(options.resamples >= 1, "sign_permutation: resamples must be at least 1, got {}",
          options.resamples);
  const double sum = std::accumulate(differences.begin(), differences.end(), 0.0);
  // Sums in another order may be smaller by a rounding error.
  const double observed = std::abs(sum) * (1 - 1e-12);
  constexpr size_t kExact = 20;
  if (differences.size() <= kExact) {
    return static_cast<double>(count_extreme(differences, 0, observed)) /
           std::exp2(static_cast<double>(differences.size()));
  }
  int64_t extreme = 1;
  for (int64_t i = 0; i < options.resamples; ++i) {
    double flipped = 0;
    uint32_t bits = 0;
    for (size_t j = 0; j < differences.size(); ++j) {
      if (j % 32 == 0) bits = Philox(options.seed, static_cast<uint64_t>(i), j).word[0];
      flipped += (bits >> (j % 32) & 1) != 0 ? differences[j] : -differences[j];
    }
    if (std::abs(flipped) >= observed) ++extreme;
  }
  return static_cast<double>(extreme) / static_cast<double>(options.resamples + 1);
}

std::vector<double> holm(std::span<const double> p_values) {
  std::vector<size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](size_t a, size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> corrected(p_values.size());
  double largest = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    largest = std::max(largest, p_values[order[i]] * static_cast<double>(order.size() - i));
    corrected[order[i]] = std::min(1.0, largest);
  }
  return corrected;
}

PairedTest paired_test(std::span<const double> first, std::span<const double> second,
                       const BootstrapOptions& options) {
  require(first.size() == second.size(),
          "paired_test: both sides must have the same cases, got {} and {}", first.size(),
          second.size());
  std::vector<double> a, b, differences;
  PairedTest test;
  for (size_t i = 0; i < first.size(); ++i) {
    if (!std::isfinite(first[i]) || !std::isfinite(second[i])) continue;
    a.push_back(first[i]);
    b.push_back(second[i]);
    const double difference = second[i] - first[i];
    differences.push_back(difference);
    test.rises += difference > 0;
    test.falls += difference < 0;
    test.equal += difference == 0;
  }
  test.pairs = static_cast<int64_t>(differences.size());
  test.first = mean_of(a);
  test.second = mean_of(b);
  test.difference = mean_of(differences);
  test.interval = bootstrap_mean(differences, options);
  test.wilcoxon = wilcoxon_signed_rank(differences);
  test.permutation = sign_permutation(differences, options);
  return test;
}

}  // namespace tessera::nn
