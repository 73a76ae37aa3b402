#include <iostream>

#include <fmt/format.h>

#include "cli/case_flags.h"
#include "cli/command.h"
#include "cli/predict_flags.h"
#include "infer/model.h"
#include "io/model_file.h"
#include "io/progress.h"
#include "io/table.h"

namespace tessera::cli {

namespace {

struct PostprocessConfig : CaseFlags, PredictFlags {
  PostprocessConfig() { split = "val"; }
  double gain = 0.0005;
  bool dry_run = false, quiet = false;
  int64_t threads = 0;

  template <class Config, class F>
  static void fields(Config& c, F f) {
    CaseFlags::fields(c, f);
    f("gain", c.gain, "how much the mean Dice must rise for a step to be taken");
    f("dry_run", c.dry_run, "only say what helps; the model file stays as it is");
    PredictFlags::fields(c, f);
    f("threads", c.threads, "that compute; 0: all processors");
    f("quiet", c.quiet, "no progress bar");
  }
};

int postprocess(PostprocessConfig config) {
  config.complete("postprocess");
  use_threads("postprocess", config.threads);
  const infer::PredictOptions options = config.options("postprocess");
  const infer::Model model = infer::load_model(config.model);
  const io::Dataset set = config.open(model.labels);
  const std::vector<io::Case> cases = set.split(config.split);
  io::Progress progress("predicting", static_cast<int64_t>(cases.size()),
                        {.quiet = config.quiet, .unit = "images"});
  std::vector<infer::Judged> judged;
  for (const io::Case& one : cases) {
    const io::Image image = io::read_image(set, one);
    judged.push_back(
        {.shape = {image.height, image.width},
         .predicted = io::best_class(infer::probabilities(model, image, options)).labels,
         .reference = io::read_mask(set, one).labels});
    progress.advance();
  }
  progress.clear();

  const std::vector<infer::Trial> trials =
      infer::choose_postprocess(judged, set.classes(), set.ignore.value_or(-100), config.gain);
  io::Table table({"step", "Dice before", "after", "taken"});
  for (const infer::Trial& trial : trials) {
    table.row({infer::to_text({{trial.step}}), fmt::format("{:.4f}", trial.before),
               fmt::format("{:.4f}", trial.after), trial.taken ? "yes" : "no"});
  }
  const std::string text = infer::to_text(infer::taken(trials));
  std::cout << fmt::format("mean Dice of {} cases of '{}' in {}:\n", cases.size(), config.split,
                           config.data)
            << table << "post-processing: " << (text.empty() ? "none helps" : text) << "\n";
  if (config.dry_run) return kDone;
  io::ModelFile file = io::load_model(config.model);
  if (file.postprocessing == text) return kDone;
  file.postprocessing = text;
  io::save_model(file, config.model);
  std::cout << "stored in " << config.model << "\n";
  return kDone;
}

}  // namespace

void add_postprocess(CLI::App& program, int& status) {
  add_verb<PostprocessConfig>(
      program, status,
      {.name = "postprocess",
       .summary = "choose repairs of predicted labels on validation cases, for the model file",
       .examples = "  tessera postprocess runs/brain\n"
                   "  tessera postprocess runs/brain --dry-run",
       .run = postprocess,
       .positional = "model"});
}

}  // namespace tessera::cli
