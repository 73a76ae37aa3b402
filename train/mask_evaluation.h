#pragma once

#include <span>
#include <string>
#include <vector>

#include "io/progress.h"
#include "nn/metric/paired_test.h"
#include "train/mask_scores.h"

namespace tessera::train {

// Masks of one case, measured.
struct MaskCase {
  std::string name;
  std::vector<RegionScores> classes;  // in the order of the evaluation's
  // Of each metric: of all classes together (pixel accuracy, ...), or the mean over the classes
  // where it is defined; NaN without any.
  std::vector<double> all;
};

// A metric of a class, or of all of them, over the cases.
struct MaskSummary {
  double mean = 0;
  nn::Interval interval = {};        // of the mean
  double deviation = 0, median = 0;  // of the finite values of the cases; NaN without any
  double low = 0, high = 0;          // the smallest and the largest of these
  int64_t finite = 0, infinite = 0, undefined = 0;  // cases
};

// score_masks of all pairs, on all threads, in the order of `pairs`; `progress` is advanced by one
// for each. Throws Error as score_masks does.
std::vector<CaseRegions> score_all(std::span<const MaskPair> pairs, const ScoreOptions& options,
                                   io::Progress* progress = nullptr);

// Every class that occurs in some case, by its first value.
std::vector<MaskClass> classes_of(std::span<const CaseRegions> cases);

// Predicted masks of a set of cases beside their references, measured in one convention.
class MaskEvaluation {
 public:
  // Of cases that were scored with these options, which must name the classes (see classes_of).
  // Throws Error when the options have no convention or no metric.
  MaskEvaluation(std::vector<CaseRegions> scored, const ScoreOptions& options);

  const ScoreOptions& options() const { return options_; }
  const std::vector<MaskClass>& classes() const { return options_.classes; }
  const std::vector<MaskCase>& cases() const { return cases_; }
  // How often which class was predicted for which, over all cases: class 0 is what belongs to none
  // of classes(). Of classes that share values nothing is counted.
  const nn::Confusion& pooled() const { return pooled_; }
  int64_t count(size_t c, nn::ClassStatus status) const;  // cases

  // The values of the cases, of class c or of all.
  std::vector<double> values(size_t metric, size_t c) const;
  std::vector<double> values(size_t metric) const;

  // Over the cases as the convention averages them; with infinite values where it keeps them.
  MaskSummary summary(size_t metric, size_t c, const nn::BootstrapOptions& bootstrap) const;
  MaskSummary summary(size_t metric, const nn::BootstrapOptions& bootstrap) const;

 private:
  double mean_of(std::span<const double> values) const;
  double mean(size_t metric, size_t c, std::span<const int64_t> cases) const;
  double mean(size_t metric, std::span<const int64_t> cases) const;
  nn::Overlap pooled_overlap(size_t c, std::span<const int64_t> cases) const;
  bool is_pooled(size_t metric) const;

  ScoreOptions options_;
  std::vector<MaskCase> cases_;
  std::vector<nn::Confusion> confusions_;  // of each case; empty for classes that share values
  nn::Confusion pooled_;
};

// Compares two predictions of the same cases: each metric over all classes, then in each class
// (which has its index; -1 is all of them). Better or worse depends on the metric.
struct MaskComparison {
  size_t metric = 0;
  int64_t c = -1;
  nn::PairedTest test;
  double corrected = 1;  // Holm's correction of Wilcoxon's p-value over all rows with this c
};
std::vector<MaskComparison> compare(const MaskEvaluation& first, const MaskEvaluation& second,
                                    const nn::BootstrapOptions& bootstrap);

}  // namespace tessera::train
