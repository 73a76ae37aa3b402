#include "train/case_report.h"

#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/settings.h"
#include "io/atomic_file.h"
#include "io/contact_sheet.h"
#include "io/json_file.h"

namespace tessera::train {

namespace fs = std::filesystem;

namespace {

std::string score_text(double score) {
  return std::isnan(score) ? "-" : fmt::format("{:.4f}", score);
}

// "brain missed, head invented": what a mean hides.
std::string remarks(const nn::CaseScores& scores, const std::vector<std::string>& labels) {
  std::string text;
  for (size_t c = 1; c < scores.classes.size(); ++c) {
    const nn::ClassStatus status = scores.classes[c].status;
    if (status != nn::ClassStatus::missed && status != nn::ClassStatus::invented) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", labels[c], nn::name_of(status));
  }
  return text;
}

}  // namespace

io::Report case_report(const infer::Model& model, const io::Dataset& set,
                       std::span<const io::Case> cases, const Evaluation& evaluation,
                       const CaseReportOptions& options) {
  const nn::SegmentationScores& scores = evaluation.scores;
  require(scores.cases().size() == cases.size(),
          "case_report: the evaluation must be of these {} cases, got {}", cases.size(),
          scores.cases().size());
  io::Report report;
  report.classes = model.labels;
  report.figures.push_back({"Dice", score_text(scores.dice()), "mean of the foreground classes"});
  report.figures.push_back({"IoU", score_text(scores.iou()), "mean of the foreground classes"});
  report.scores.push_back({"Dice"});
  for (size_t c = 1; c < model.labels.size(); ++c) {
    const nn::ClassSummary summary = scores.summary(static_cast<int64_t>(c));
    report.figures.push_back({"Dice " + model.labels[c], score_text(summary.dice),
                              fmt::format("found in {} cases, missed in {}, invented in {}",
                                          summary.found, summary.missed, summary.invented)});
    report.scores.push_back({"Dice " + model.labels[c]});
    if (summary.found == 0 && summary.missed > 0) {
      report.warnings.push_back(
          fmt::format("{} is never found: a longer training, a loss such as dice, or a larger "
                      "learning rate may help",
                      model.labels[c]));
    }
  }
  for (const nn::CaseScores& one : scores.cases()) {
    io::ReportCase row{.name = one.name, .scores = {one.dice}, .note = remarks(one, model.labels)};
    for (size_t c = 1; c < one.classes.size(); ++c) row.scores.push_back(one.classes[c].dice);
    report.cases.push_back(std::move(row));
  }

  // Pictures of another run would be taken for this one's.
  std::error_code ignored;
  fs::remove_all(options.folder, ignored);
  fs::create_directories(options.folder, ignored);
  const auto order = io::worst_first(report);
  for (size_t i = 0; i < order.size() && static_cast<int64_t>(i) < options.pictures; ++i) {
    const io::Case& one = cases[order[i]];
    const io::Image image = io::read_image(set, one);
    const io::LabelMap truth = io::read_mask(set, one);
    const io::LabelMap predicted =
        infer::labels(model, infer::probabilities(model, image, options.predict));
    io::ReportCase& row = report.cases[order[i]];
    row.png = io::encode_png(
        io::case_picture(image, predicted, &truth, 256, {.ignore = set.ignore.value_or(-1)}));
    io::write_file(options.folder / fmt::format("{:03}_{}.png", i + 1, one.name), row.png);
  }
  return report;
}

io::Table case_table(const Evaluation& evaluation, const std::vector<std::string>& labels) {
  std::vector<std::string> columns = {"case", "dice", "iou"};
  for (size_t c = 1; c < labels.size(); ++c) {
    columns.push_back("dice " + labels[c]);
    columns.push_back("iou " + labels[c]);
  }
  columns.emplace_back("remarks");
  io::Table table(columns);
  for (const nn::CaseScores& one : evaluation.scores.cases()) {
    std::vector<std::string> row = {one.name, score_text(one.dice), score_text(one.iou)};
    for (size_t c = 1; c < labels.size(); ++c) {
      row.push_back(score_text(one.classes[c].dice));
      row.push_back(score_text(one.classes[c].iou));
    }
    row.push_back(remarks(one, labels));
    table.row(std::move(row));
  }
  return table;
}

io::Json metrics_json(const Evaluation& evaluation, const std::vector<std::string>& labels) {
  const nn::SegmentationScores& scores = evaluation.scores;
  const auto number = [](double value) {
    return std::isnan(value) ? io::Json(nullptr) : io::Json(value);
  };
  io::Json classes = io::Json::object(), cases = io::Json::object();
  for (size_t c = 1; c < labels.size(); ++c) {
    const nn::ClassSummary s = scores.summary(static_cast<int64_t>(c));
    classes[labels[c]] = {{"dice", number(s.dice)},
                          {"iou", number(s.iou)},
                          {"pooled_dice", number(s.pooled_dice)},
                          {"pooled_iou", number(s.pooled_iou)},
                          {"found", s.found},
                          {"missed", s.missed},
                          {"invented", s.invented},
                          {"absent", s.absent}};
  }
  for (const nn::CaseScores& one : scores.cases()) {
    io::Json& entry = cases[one.name] = {{"dice", number(one.dice)}, {"iou", number(one.iou)}};
    for (size_t c = 1; c < labels.size(); ++c) {
      entry["classes"][labels[c]] = {{"dice", number(one.classes[c].dice)},
                                     {"iou", number(one.classes[c].iou)}};
    }
  }
  return {{"mean",
           {{"dice", number(scores.dice())},
            {"iou", number(scores.iou())},
            {"pooled_dice", number(scores.pooled_dice())},
            {"pooled_iou", number(scores.pooled_iou())}}},
          {"classes", classes},
          {"cases", cases}};
}

io::Table score_table(const Evaluation& evaluation, const std::vector<std::string>& labels) {
  const nn::SegmentationScores& scores = evaluation.scores;
  io::Table table({"class", "Dice", "IoU", "pooled Dice", "found", "missed", "invented"});
  for (size_t c = 1; c < labels.size(); ++c) {
    const nn::ClassSummary s = scores.summary(static_cast<int64_t>(c));
    table.row({labels[c], score_text(s.dice), score_text(s.iou), score_text(s.pooled_dice),
               fmt::format("{}", s.found), fmt::format("{}", s.missed),
               fmt::format("{}", s.invented)});
  }
  table.rule();
  table.row({"mean", score_text(scores.dice()), score_text(scores.iou()),
             score_text(scores.pooled_dice()), "", "", ""});
  return table;
}

}  // namespace tessera::train
