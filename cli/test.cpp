#include <filesystem>
#include <iostream>

#include <fmt/format.h>

#include "cli/command.h"
#include "core/error.h"
#include "io/dataset.h"
#include "io/progress.h"
#include "io/report.h"
#include "train/case_report.h"
#include "train/config.h"
#include "train/setup.h"

namespace tessera::cli {

namespace {

namespace fs = std::filesystem;

struct TestConfig {
  std::string model, data, split = "test", out, mask_values;
  int64_t ignore = -1, fold = -1, threads = 0, pictures = 60;
  bool quiet = false;

  template <class Config, class F>
  static void fields(Config& c, F f) {
    f("model", c.model, "model file, or the folder of a run, whose best.tessera is taken");
    f("data", c.data, "dataset; empty: the one of the run");
    f("split", c.split, "which of its cases");
    f("out", c.out, "folder for report and tables; empty: <folder of the model>/<split>");
    f("mask_values", c.mask_values, "as in `tessera train`");
    f("ignore", c.ignore, "as in `tessera train`");
    f("fold", c.fold, "as in `tessera train`");
    f("threads", c.threads, "that compute; 0: all processors");
    f("pictures", c.pictures, "overlays of cases, worst first");
    f("quiet", c.quiet, "no progress bar");
  }
};

// What a run says about its data, for whatever was not given.
void complete(TestConfig& config) {
  const fs::path file = find_model("test", config.model);
  const fs::path run = file.parent_path();
  config.model = file.string();
  if (config.out.empty()) config.out = (run / config.split).string();
  if (!config.data.empty()) return;
  require(fs::exists(run / "config.json"), "test: on which data? give --data DIR");
  train::TrainConfig trained;
  train::load_fields(trained, run / "config.json");
  config.data = trained.data;
  config.mask_values = trained.mask_values;
  config.ignore = trained.ignore;
  config.fold = trained.fold;
}

int test_model(TestConfig config) {
  complete(config);
  use_threads("test", config.threads);
  const train::Model model = train::load_model(config.model);
  train::TrainConfig data;
  data.data = config.data;
  data.mask_values = config.mask_values;
  data.ignore = config.ignore;
  data.fold = config.fold;
  const io::Dataset set = train::open_data(data, model.labels);
  const std::vector<io::Case> cases = set.split(config.split);

  const fs::path out = config.out;
  make_folder("test", out);
  io::Progress progress("testing", static_cast<int64_t>(cases.size()),
                        {.quiet = config.quiet, .unit = "images"});
  const train::Evaluation evaluation = train::evaluate(model, set, cases, nullptr, &progress);
  progress.clear();

  io::Report report = train::case_report(model, set, cases, evaluation,
                                         {.pictures = config.pictures, .folder = out / "pictures"});
  report.title =
      fmt::format("{} on {}", model.spec.network, fs::path(config.data).filename().string());
  report.subtitle = fmt::format("Test of {} cases of the split '{}'", cases.size(), config.split);
  report.sections.push_back(
      {.title = "Settings", .values = {{"model", config.model}, {"data", config.data}}});
  io::save_report(report, out / "report.html");
  train::case_table(evaluation, model.labels).save_csv(out / "cases.csv");
  io::Json metrics = train::metrics_json(evaluation, model.labels);
  metrics["model"] = config.model;
  metrics["data"] = config.data;
  metrics["split"] = config.split;
  io::save_json(metrics, out / "metrics.json");

  std::cout << fmt::format("{} cases of '{}' in {}:\n", cases.size(), config.split, config.data)
            << train::score_table(evaluation, model.labels)
            << "each case: " << (out / "cases.csv").string()
            << "\nfor programs: " << (out / "metrics.json").string()
            << "\nreport: " << (out / "report.html").string() << "\n";
  return kDone;
}

}  // namespace

void add_test(CLI::App& program, int& status) {
  add_verb<TestConfig>(program, status,
                       {.name = "test",
                        .summary = "measure a model on cases with masks",
                        .examples = "  tessera test runs/brain\n"
                                    "  tessera test runs/brain/best.tessera --data D --split val",
                        .run = test_model,
                        .positional = "model"});
}

}  // namespace tessera::cli
