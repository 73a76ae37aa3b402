#include <iostream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/command.h"
#include "core/error.h"
#include "io/dataset.h"
#include "io/dataset_init.h"
#include "io/dataset_split.h"
#include "io/table.h"
#include "train/setup.h"

namespace tessera::cli {

namespace {

namespace fs = std::filesystem;

struct DatasetConfig {
  std::string action, data, labels, patient_until;
  int64_t folds = 5, seed = 0;
  bool force = false;

  template <class Config, class F>
  static void fields(Config& c, F f) {
    f("action", c.action, "init or split");
    f("data", c.data, "folder of the dataset");
    f("labels", c.labels, "init: names of the classes, separated by commas");
    f("patient_until", c.patient_until,
      "init: a name up to the last such text is the patient: with _, p1 for p1_s07");
    f("folds", c.folds, "split: how many");
    f("seed", c.seed, "split: of the order of groups that are alike");
    f("force", c.force, "replace files that are there already");
  }
};

int init(const DatasetConfig& config) {
  const auto files = io::init_dataset(config.data, {.labels = train::split_list(config.labels),
                                                    .patient_until = config.patient_until,
                                                    .replace = config.force});
  for (const fs::path& file : files) std::cout << "written: " << file.string() << "\n";
  return kDone;
}

int split(const DatasetConfig& config) {
  const fs::path file = fs::path(config.data) / io::kFoldsFile;
  require(config.force || !fs::exists(file),
          "dataset: {} is there already; give --force to replace it", file.string());
  const io::Dataset set = io::open_dataset(config.data);
  const auto fold_of =
      io::assign_folds(set.cases, config.folds, static_cast<uint64_t>(config.seed));
  io::save_folds(set.cases, fold_of, config.folds, file);

  std::vector<std::string> columns = {"fold", "cases"};
  for (const std::string& label : set.labels) columns.push_back("with " + label);
  io::Table table(columns);
  for (int64_t fold = 0; fold < config.folds; ++fold) {
    int64_t cases = 0;
    std::vector<int64_t> with(set.labels.size());
    for (size_t i = 0; i < set.cases.size(); ++i) {
      if (fold_of[i] != fold) continue;
      ++cases;
      for (size_t c = 0; c < with.size(); ++c) with[c] += set.cases[i].pixels[c] > 0 ? 1 : 0;
    }
    std::vector<std::string> row = {fmt::format("{}", fold), fmt::format("{}", cases)};
    for (const int64_t count : with) row.push_back(fmt::format("{}", count));
    table.row(row);
  }
  std::cout << table << "written: " << file.string() << "; train with --fold 0 to --fold "
            << config.folds - 1 << "\n";
  return kDone;
}

int dataset(const DatasetConfig& config) {
  require(!config.data.empty(), "dataset: of which folder? as in `tessera dataset init data/mine`");
  if (config.action == "init") return init(config);
  require(config.action == "split", "dataset: there are init and split, got '{}'", config.action);
  return split(config);
}

}  // namespace

void add_dataset(CLI::App& program, int& status) {
  Verb<DatasetConfig> verb{
      .name = "dataset",
      .summary = "write what a folder of pictures or volumes lacks",
      .examples =
          "  tessera dataset init data/mine --labels background,brain\n"
          "  tessera dataset split data/mine --folds 5\n"
          "  tessera train --data data/mine --fold 0 --out runs/mine0\n"
          "\n"
          "init writes labels.json, or of nnU-Net's folders dataset.json, or of JMedSeg's\n"
          "train_label.json, val_label.json and test_label.json; with --patient-until also\n"
          "split.csv with the patients. split writes splits_final.json: whole patients in\n"
          "a fold, folds alike in cases and classes; cases for testing stay out.",
      .run = dataset,
      .positional = "action"};
  verb.then_positional = "data";
  add_verb<DatasetConfig>(program, status, verb);
}

}  // namespace tessera::cli
