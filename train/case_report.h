#pragma once

#include <filesystem>
#include <span>

#include "io/json.h"
#include "io/report.h"
#include "io/table.h"
#include "train/evaluate.h"

namespace tessera::train {

struct CaseReportOptions {
  int64_t pictures = 8;          // of the worst cases
  std::filesystem::path folder;  // where they are also kept as PNG files
  infer::PredictOptions predict = {};
};

// What there is to say about an evaluation: figures for each class, the scores of each case, and
// pictures of the worst ones, predicted again. Title, curves and settings are left to the caller.
io::Report case_report(const infer::Model& model, const io::Dataset& set,
                       std::span<const io::Case> cases, const Evaluation& evaluation,
                       const CaseReportOptions& options);

// One row for each case: its name, Dice and IoU of each foreground class, remarks.
io::Table case_table(const Evaluation& evaluation, const std::vector<std::string>& labels);

// The same for programs: scores of each foreground class, their means, and those of each case. What
// says nothing, since neither mask nor prediction has the class, is null.
io::Json metrics_json(const Evaluation& evaluation, const std::vector<std::string>& labels);

// One row for each foreground class, and their means.
io::Table score_table(const Evaluation& evaluation, const std::vector<std::string>& labels);

}  // namespace tessera::train
