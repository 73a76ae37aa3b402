#include "train/mask_evaluation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <numeric>
#include <set>

#include "core/cpu/parallel.h"
#include "core/error.h"
#include "io/spread.h"

namespace tessera::train {

namespace {

using Kind = nn::Metric::Kind;
using Mean = nn::Convention::Mean;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::vector<int64_t> all_of(size_t count) {
  std::vector<int64_t> indices(count);
  std::iota(indices.begin(), indices.end(), 0);
  return indices;
}

bool share_values(std::span<const MaskClass> classes) {
  std::set<int32_t> seen;
  for (const MaskClass& which : classes) {
    for (const int32_t value : which.values) {
      if (!seen.insert(value).second) return true;
    }
  }
  return false;
}

nn::Confusion confusion_of(const CaseRegions& one, std::span<const MaskClass> classes) {
  std::map<int32_t, int64_t> numbers;  // 0: of no class
  for (size_t c = 0; c < classes.size(); ++c) {
    for (const int32_t value : classes[c].values) numbers[value] = static_cast<int64_t>(c) + 1;
  }
  nn::Confusion confusion(static_cast<int64_t>(classes.size()) + 1);
  for (const auto& [values, count] : one.counts) {
    confusion.add_count(numbers[values.first], numbers[values.second], count);
  }
  return confusion;
}

}  // namespace

std::vector<CaseRegions> score_all(std::span<const MaskPair> pairs, const ScoreOptions& options,
                                   io::Progress* progress) {
  std::vector<CaseRegions> scored(pairs.size());
  std::mutex mutex;
  const auto score = [&](int64_t i) {
    const auto at = static_cast<size_t>(i);
    scored[at] = score_masks(pairs[at], options);
    const std::lock_guard lock(mutex);
    if (progress != nullptr) progress->advance();
  };
  // Few cases are better served by threads within each of them.
  const auto count = static_cast<int64_t>(pairs.size());
  cpu::parallel_for(count, count < cpu::thread_count(), score);
  return scored;
}

std::vector<MaskClass> classes_of(std::span<const CaseRegions> cases) {
  std::map<int32_t, MaskClass> all;
  for (const CaseRegions& one : cases) {
    for (const MaskClass& which : one.classes) all.emplace(which.values[0], which);
  }
  std::vector<MaskClass> classes;
  classes.reserve(all.size());
  for (auto& entry : all) classes.push_back(std::move(entry.second));
  return classes;
}

MaskEvaluation::MaskEvaluation(std::vector<CaseRegions> scored, const ScoreOptions& options)
    : options_(options) {
  require(options.convention != nullptr && !options.metrics.empty(),
          "mask_evaluation: needs a convention and at least one metric");
  const bool disjoint = !share_values(options_.classes);
  pooled_ = nn::Confusion(static_cast<int64_t>(classes().size()) + 1);
  for (CaseRegions& one : scored) {
    std::map<std::string, RegionScores> by_name;
    for (size_t c = 0; c < one.classes.size(); ++c) {
      by_name[one.classes[c].name] = std::move(one.regions[c]);
    }
    MaskCase result{one.name, {}, {}};
    for (const MaskClass& which : classes()) {
      const auto found = by_name.find(which.name);
      result.classes.push_back(found == by_name.end() ? one.absent : std::move(found->second));
    }
    if (disjoint) {
      confusions_.push_back(confusion_of(one, classes()));
      pooled_ += confusions_.back();
    }
    for (size_t m = 0; m < options_.metrics.size(); ++m) {
      const nn::Metric& metric = *options_.metrics[m].metric;
      if (metric.kind == Kind::picture) {
        result.all.push_back(disjoint ? metric.of_confusion(confusions_.back()) : kNaN);
        continue;
      }
      std::vector<double> values;
      for (const RegionScores& region : result.classes) values.push_back(region.values[m]);
      result.all.push_back(mean_of(values));
    }
    cases_.push_back(std::move(result));
  }
}

int64_t MaskEvaluation::count(size_t c, nn::ClassStatus status) const {
  return std::count_if(cases_.begin(), cases_.end(),
                       [&](const MaskCase& one) { return one.classes[c].status == status; });
}

std::vector<double> MaskEvaluation::values(size_t metric, size_t c) const {
  std::vector<double> all;
  for (const MaskCase& one : cases_) all.push_back(one.classes[c].values[metric]);
  return all;
}

std::vector<double> MaskEvaluation::values(size_t metric) const {
  std::vector<double> all;
  for (const MaskCase& one : cases_) all.push_back(one.all[metric]);
  return all;
}

// The mean of what is defined, and finite where the convention wants that.
double MaskEvaluation::mean_of(std::span<const double> values) const {
  double sum = 0;
  int64_t count = 0;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    if (std::isinf(value) && options_.convention->mean_skips_infinity) continue;
    sum += value;
    ++count;
  }
  return count == 0 ? kNaN : sum / static_cast<double>(count);
}

bool MaskEvaluation::is_pooled(size_t metric) const {
  const nn::Metric& m = *options_.metrics[metric].metric;
  return options_.convention->mean == Mean::pooled && !confusions_.empty() &&
         (m.of_overlap != nullptr || m.of_confusion != nullptr) && m.kind != Kind::volume;
}

double MaskEvaluation::mean(size_t metric, size_t c, std::span<const int64_t> cases) const {
  if (is_pooled(metric)) {
    const nn::Metric& m = *options_.metrics[metric].metric;
    return m.of_overlap == nullptr ? kNaN : m.of_overlap(pooled_overlap(c + 1, cases));
  }
  std::vector<double> values;
  for (const int64_t i : cases) {
    values.push_back(cases_[static_cast<size_t>(i)].classes[c].values[metric]);
  }
  return mean_of(values);
}

// Class 0 is the background.
nn::Overlap MaskEvaluation::pooled_overlap(size_t c, std::span<const int64_t> cases) const {
  nn::Overlap sum;
  for (const int64_t i : cases) {
    const nn::Overlap one =
        nn::overlap(confusions_[static_cast<size_t>(i)], static_cast<int64_t>(c));
    sum.both += one.both;
    sum.only_predicted += one.only_predicted;
    sum.only_reference += one.only_reference;
    sum.neither += one.neither;
  }
  return sum;
}

double MaskEvaluation::mean(size_t metric, std::span<const int64_t> cases) const {
  const nn::Metric& m = *options_.metrics[metric].metric;
  std::vector<double> values;
  if (is_pooled(metric)) {
    if (m.of_confusion != nullptr) {
      nn::Confusion sum(pooled_.classes());
      for (const int64_t i : cases) sum += confusions_[static_cast<size_t>(i)];
      return m.of_confusion(sum);
    }
    // JMedSeg takes the background for the positive class of precision and recall.
    const size_t last = m.kind == Kind::ratio ? 0 : classes().size();
    for (size_t c = 0; c <= last; ++c) values.push_back(m.of_overlap(pooled_overlap(c, cases)));
    return mean_of(values);
  }
  if (m.kind == Kind::picture || options_.convention->mean != Mean::of_classes) {
    for (const int64_t i : cases) values.push_back(cases_[static_cast<size_t>(i)].all[metric]);
    return mean_of(values);
  }
  for (size_t c = 0; c < classes().size(); ++c) {
    values.push_back(mean(metric, c, cases));
    if (std::isnan(values.back()) && options_.convention->nan_spreads) return kNaN;
  }
  return mean_of(values);
}

namespace {

MaskSummary summarized(const std::vector<double>& values) {
  MaskSummary summary;
  const io::Spread spread = io::spread_of(values);
  summary.deviation = spread.deviation;
  summary.median = spread.median;
  summary.low = spread.low;
  summary.high = spread.high;
  summary.finite = static_cast<int64_t>(spread.count);
  summary.infinite =
      std::count_if(values.begin(), values.end(), [](double v) { return std::isinf(v); });
  summary.undefined = static_cast<int64_t>(spread.undefined) - summary.infinite;
  return summary;
}

}  // namespace

MaskSummary MaskEvaluation::summary(size_t metric, size_t c,
                                    const nn::BootstrapOptions& bootstrap) const {
  MaskSummary summary = summarized(values(metric, c));
  const auto statistic = [&](std::span<const int64_t> drawn) { return mean(metric, c, drawn); };
  summary.mean = statistic(all_of(cases_.size()));
  summary.interval = nn::bootstrap(static_cast<int64_t>(cases_.size()), statistic, bootstrap);
  return summary;
}

MaskSummary MaskEvaluation::summary(size_t metric, const nn::BootstrapOptions& bootstrap) const {
  MaskSummary summary = summarized(values(metric));
  const auto statistic = [&](std::span<const int64_t> drawn) { return mean(metric, drawn); };
  summary.mean = statistic(all_of(cases_.size()));
  summary.interval = nn::bootstrap(static_cast<int64_t>(cases_.size()), statistic, bootstrap);
  return summary;
}

std::vector<MaskComparison> compare(const MaskEvaluation& first, const MaskEvaluation& second,
                                    const nn::BootstrapOptions& bootstrap) {
  const auto same_names = [](const auto& a, const auto& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const auto& x, const auto& y) { return x.name == y.name; });
  };
  require(same_names(first.cases(), second.cases()) &&
              same_names(first.classes(), second.classes()) &&
              same_names(first.options().metrics, second.options().metrics),
          "compare: both predictions must be measured on the same cases, classes and metrics");
  std::vector<MaskComparison> rows;
  const auto add = [&](int64_t c, auto&& values) {
    const size_t begin = rows.size();
    std::vector<double> p_values;
    for (size_t m = 0; m < first.options().metrics.size(); ++m) {
      rows.push_back({m, c, nn::paired_test(values(first, m), values(second, m), bootstrap)});
      p_values.push_back(rows.back().test.wilcoxon);
    }
    const std::vector<double> corrected = nn::holm(p_values);
    for (size_t m = 0; m < corrected.size(); ++m) rows[begin + m].corrected = corrected[m];
  };
  add(-1, [](const MaskEvaluation& e, size_t m) { return e.values(m); });
  for (size_t c = 0; c < first.classes().size(); ++c) {
    add(static_cast<int64_t>(c), [c](const MaskEvaluation& e, size_t m) { return e.values(m, c); });
  }
  return rows;
}

}  // namespace tessera::train
