#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "io/json.h"
#include "io/report.h"
#include "io/table.h"
#include "train/mask_evaluation.h"

namespace tessera::train {

// One row for each class with the means of the metrics, and in how many cases it was found, missed,
// invented and absent; then the mean over the classes. "2.31 +1" is a mean without one infinite
// value.
io::Table class_table(const MaskEvaluation& evaluation);

// One row for each metric: mean over all with its confidence interval, spread over the cases, and
// the worst case.
io::Table metric_table(const MaskEvaluation& evaluation, const nn::BootstrapOptions& bootstrap);

// One row for each case and class, and one with the means over its classes.
io::Table case_rows(const MaskEvaluation& evaluation);

// Better and worse cases, means, the difference with its interval, and p-values, a row for each
// metric of all classes and of each class. `first` and `second` name the predictions.
io::Table comparison_table(std::span<const MaskComparison> rows, const MaskEvaluation& evaluation,
                           const std::string& first, const std::string& second);

// All of that for programs. Numbers that are undefined are null, infinite ones the text "inf".
io::Json evaluation_json(const MaskEvaluation& evaluation, const nn::BootstrapOptions& bootstrap);
io::Json comparison_json(std::span<const MaskComparison> rows, const MaskEvaluation& evaluation);

// A page with figures, the scores of each case and pictures of the `pictures` worst ones: of a
// volume the slice with most errors. `pairs` are those that were measured.
io::Report mask_report(const MaskEvaluation& evaluation, std::span<const MaskPair> pairs,
                       const nn::BootstrapOptions& bootstrap, int64_t pictures);

}  // namespace tessera::train
