#include <filesystem>
#include <iostream>

#include <fmt/format.h>

#include "cli/command.h"
#include "core/error.h"
#include "io/json_file.h"
#include "io/progress.h"
#include "io/report.h"
#include "train/mask_report.h"

namespace tessera::cli {

namespace {

namespace fs = std::filesystem;

struct EvalConfig {
  std::string reference, prediction, against, out;
  std::string metrics = "dice,iou,hd95,assd,nsd", convention = "tessera";
  bool count_absent = false, charge_diagonal = false;
  std::string labels, spacing, images;
  int64_t ignore = -1;
  bool partial = false, ignore_geometry = false;
  double confidence = 0.95;
  int64_t resamples = 2000, seed = 0;
  int64_t pictures = 30, threads = 0;
  bool quiet = false;

  template <class Config, class F>
  static void fields(Config& c, F f) {
    f("reference", c.reference, "mask, or folder of masks (or with masks/ in it), that is right");
    f("prediction", c.prediction, "mask or folder to be measured; the same file names");
    f("against", c.against, "a second prediction; says which one is better, and whether by chance");
    f("out", c.out, "folder for cases.csv, metrics.json and report.html; empty: only the table");
    f("metrics", c.metrics, "what is measured, separated by commas; see below");
    f("convention", c.convention, "whose definitions: tessera, medpy, monai, deepmind, ...");
    f("count_absent", c.count_absent, "a class that neither mask has counts as perfect");
    f("charge_diagonal", c.charge_diagonal, "distances to nothing are the picture's diagonal");
    f("labels", c.labels, "1,2 or liver=1,both=1+2 or names from 0 on; empty: all but 0");
    f("ignore", c.ignore, "a value of the reference that counts nowhere; -1: there is none");
    f("spacing", c.spacing, "of voxels in mm, 3,0.8,0.8 (d,h,w) or 0.5,0.5; empty: of the files");
    f("images", c.images, "folder of pictures, or a picture, to show the masks on");
    f("partial", c.partial, "compare what both folders have");
    f("ignore_geometry", c.ignore_geometry, "compare although the headers disagree on the place");
    f("confidence", c.confidence, "of the intervals, from the bootstrap over the cases");
    f("resamples", c.resamples, "of bootstrap and permutations");
    f("seed", c.seed, "of these");
    f("pictures", c.pictures, "of cases in the report, worst first");
    f("threads", c.threads, "that compute; 0: all processors");
    f("quiet", c.quiet, "no progress bar");
  }
};

train::ScoreOptions score_options(const EvalConfig& config) {
  train::ScoreOptions options;
  options.metrics = nn::choose_metrics(config.metrics);
  options.convention = &nn::convention(config.convention);
  options.empty = {config.count_absent, config.charge_diagonal};
  if (!config.labels.empty()) options.classes = train::parse_mask_classes(config.labels);
  if (config.ignore >= 0) options.ignore = static_cast<int32_t>(config.ignore);
  if (!config.spacing.empty()) options.spacing = train::parse_spacing(config.spacing);
  options.ignore_geometry = config.ignore_geometry;
  return options;
}

nn::BootstrapOptions bootstrap_options(const EvalConfig& config) {
  constexpr int64_t kMost = 1'000'000;
  require(config.confidence > 0 && config.confidence < 1,
          "eval: confidence must be above 0 and below 1, got {}", config.confidence);
  require(config.resamples >= 1 && config.resamples <= kMost && config.seed >= 0,
          "eval: resamples must be from 1 to {} and seed at least 0, got {} and {}", kMost,
          config.resamples, config.seed);
  return {config.confidence, config.resamples, static_cast<uint64_t>(config.seed)};
}

std::vector<train::CaseRegions> score(const EvalConfig& config,
                                      const std::vector<train::MaskPair>& pairs,
                                      const train::ScoreOptions& options) {
  io::Progress progress("measuring", static_cast<int64_t>(pairs.size()),
                        {.quiet = config.quiet, .unit = "cases"});
  auto scored = train::score_all(pairs, options, &progress);
  progress.clear();
  return scored;
}

// The last part of a path, also of one that ends in a slash.
std::string short_name(const fs::path& path) {
  const fs::path clean = path.has_filename() ? path : path.parent_path();
  return clean.filename().string();
}

int evaluate(EvalConfig config) {
  require(!config.reference.empty() && !config.prediction.empty(),
          "eval: give what is right and what was predicted: tessera eval REF PRED");
  use_threads("eval", config.threads);
  train::ScoreOptions options = score_options(config);
  const nn::BootstrapOptions bootstrap = bootstrap_options(config);
  const train::PairOptions pairing = {config.partial, config.images};
  const auto pairs = train::find_mask_pairs(config.reference, config.prediction, pairing);
  std::vector<train::MaskPair> others;
  if (!config.against.empty()) {
    others = train::find_mask_pairs(config.reference, config.against, pairing);
    train::require_same_cases(pairs, others);
  }
  const fs::path out = config.out;
  if (!config.out.empty()) make_folder("eval", out);

  auto scored = score(config, pairs, options), scored_too = score(config, others, options);
  if (options.classes.empty()) {
    auto all = scored;
    all.insert(all.end(), scored_too.begin(), scored_too.end());
    options.classes = train::classes_of(all);
  }
  const train::MaskEvaluation evaluation(std::move(scored), options);
  std::cout << fmt::format("{} cases of {} beside {}, convention {}:\n", pairs.size(),
                           config.prediction, config.reference, options.convention->name)
            << train::class_table(evaluation) << "\n"
            << train::metric_table(evaluation, bootstrap);

  std::vector<train::MaskComparison> comparison;
  std::string comparison_text;
  if (!others.empty()) {
    comparison = train::compare(evaluation, train::MaskEvaluation(std::move(scored_too), options),
                                bootstrap);
    comparison_text = train::comparison_table(comparison, evaluation, short_name(config.prediction),
                                              short_name(config.against))
                          .str();
    std::cout << fmt::format("\n{} against {}:\n{}", config.against, config.prediction,
                             comparison_text);
  }
  if (config.out.empty()) return kDone;

  io::Report report = train::mask_report(evaluation, pairs, bootstrap, config.pictures);
  report.title =
      fmt::format("{} beside {}", short_name(config.prediction), short_name(config.reference));
  report.subtitle = fmt::format("{} cases, convention {}: {}", pairs.size(),
                                options.convention->name, options.convention->meaning);
  if (!comparison_text.empty()) {
    report.sections.push_back({.title = "Against " + config.against, .text = comparison_text});
  }
  report.sections.push_back(
      {.title = "Settings",
       .values = {{"reference", config.reference}, {"prediction", config.prediction}},
       .text = train::fields_json(train::fields_of(config))});
  io::save_report(report, out / "report.html");
  train::case_rows(evaluation).save_csv(out / "cases.csv");
  io::Json json = train::evaluation_json(evaluation, bootstrap);
  json["reference"] = config.reference;
  json["prediction"] = config.prediction;
  if (!comparison.empty()) {
    json["against"] = {{"prediction", config.against},
                       {"rows", train::comparison_json(comparison, evaluation)}};
  }
  io::save_json(json, out / "metrics.json");
  std::cout << "\neach case: " << (out / "cases.csv").string()
            << "\nfor programs: " << (out / "metrics.json").string()
            << "\nreport: " << (out / "report.html").string() << "\n";
  return kDone;
}

// "  name  text", the text in lines that fit behind the names.
std::string entry(const std::string& name, const std::string& text) {
  constexpr size_t kNames = 18, kText = 60;
  std::string lines = fmt::format("  {:<{}}", name, kNames);
  for (size_t begin = 0; begin < text.size();) {
    size_t end = text.size();
    if (end - begin > kText) end = text.rfind(' ', begin + kText);
    lines += text.substr(begin, end - begin) + "\n";
    begin = end + 1;
    if (begin < text.size()) lines += std::string(kNames + 2, ' ');
  }
  return lines;
}

std::string help() {
  std::string text = R"(  tessera eval data/masks predicted
  tessera eval D predicted --out scores --metrics dice,hd95,nsd@2,lesion_f1
  tessera eval ref pred --labels liver=1,tumour=2,all=1+2 --convention monai
  tessera eval ref pred --against other_pred

Reads NIfTI, MetaImage, NRRD, TIFF, .npy and pictures; files belong together by their
names without the ending. Each number is the mean over the cases of a class; "2.31 +1"
leaves out one case with an infinite distance, where only one of the masks has the class.

Metrics:
)";
  for (const nn::Metric& metric : nn::metrics()) {
    text += entry(metric.name, metric.meaning);
  }
  text += "\nConventions:\n";
  for (const nn::Convention& one : nn::conventions()) {
    text += entry(one.name, one.meaning);
  }
  return text;
}

}  // namespace

void add_eval(CLI::App& program, int& status) {
  add_verb<EvalConfig>(program, status,
                       {.name = "eval",
                        .summary = "measure predicted masks beside right ones",
                        .examples = help(),
                        .run = evaluate,
                        .positional = "reference",
                        .groups = {{"reference", "What is compared"},
                                   {"metrics", "What is measured"},
                                   {"labels", "Masks"},
                                   {"confidence", "Statistics"},
                                   {"pictures", "Output"}},
                        .then_positional = "prediction"});
}

}  // namespace tessera::cli
