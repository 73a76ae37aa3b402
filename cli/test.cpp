#include <filesystem>
#include <iostream>

#include <fmt/format.h>

#include "cli/case_flags.h"
#include "cli/command.h"
#include "cli/predict_flags.h"
#include "core/amp.h"
#include "core/settings.h"
#include "io/dataset.h"
#include "io/json_file.h"
#include "io/progress.h"
#include "io/report.h"
#include "train/case_report.h"
#include "train/evaluate.h"

namespace tessera::cli {

namespace {

namespace fs = std::filesystem;

struct TestConfig : CaseFlags, PredictFlags {
  TestConfig() { split = "test"; }
  std::string out;
  int64_t threads = 0, pictures = 60;
  bool quiet = false;

  template <class Config, class F>
  static void fields(Config& c, F f) {
    CaseFlags::fields(c, f);
    f("out", c.out, "folder for report and tables; empty: <folder of the model>/<split>");
    PredictFlags::fields(c, f);
    f("threads", c.threads, "that compute; 0: all processors");
    f("pictures", c.pictures, "overlays of cases, worst first");
    f("quiet", c.quiet, "no progress bar");
  }
};

int test_model(TestConfig config) {
  config.complete("test");
  if (config.out.empty())
    config.out = (fs::path(config.model).parent_path() / config.split).string();
  use_threads("test", config.threads);
  const OnDevice on(device_of_name(config.device));
  const Amp precision(amp_of_name(config.amp));
  const infer::PredictOptions options = config.options("test");
  const infer::Model model = infer::load_model(config.model);
  const io::Dataset set = config.open(model.labels);
  const std::vector<io::Case> cases = set.split(config.split);

  const fs::path out = config.out;
  make_folder("test", out);
  io::Progress progress("testing", static_cast<int64_t>(cases.size()),
                        {.quiet = config.quiet, .unit = "images"});
  const train::Evaluation evaluation =
      train::evaluate(model, set, cases, {.progress = &progress, .predict = options});
  progress.clear();

  io::Report report = train::case_report(
      model, set, cases, evaluation,
      {.pictures = config.pictures, .folder = out / "pictures", .predict = options});
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
