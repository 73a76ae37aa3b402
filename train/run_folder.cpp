#include "train/run_folder.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/error.h"
#include "io/atomic_file.h"
#include "io/chart.h"
#include "io/json_file.h"
#include "io/report.h"
#include "nn/summary.h"
#include "train/case_report.h"
#include "train/fields.h"

namespace tessera::train {

namespace fs = std::filesystem;

namespace {

std::vector<std::string> columns_for(const std::vector<std::string>& labels) {
  std::vector<std::string> columns = {"epoch", "lr", "loss", "val_loss", "dice", "iou", "seconds"};
  for (size_t c = 1; c < labels.size(); ++c) columns.push_back("dice " + labels[c]);
  return columns;
}

io::LineChart loss_chart(const io::RunHistory& history) {
  return {.title = "Loss",
          .y_label = "loss",
          .series = {{"training", history["loss"]}, {"validation", history["val_loss"]}}};
}

io::LineChart dice_chart(const io::RunHistory& history, const std::vector<std::string>& labels) {
  io::LineChart chart{.title = "Dice of the validation cases",
                      .y_label = "Dice",
                      .series = {},
                      .y_low = 0,
                      .y_high = 1};
  if (labels.size() != 2) chart.series.push_back({"mean", history["dice"]});
  for (size_t c = 1; c < labels.size(); ++c) {
    chart.series.push_back({labels[c], history["dice " + labels[c]]});
  }
  return chart;
}

}  // namespace

RunFolder::RunFolder(const TrainConfig& config, const std::vector<std::string>& labels)
    : folder_(config.out), config_(config), labels_(labels) {
  std::error_code error;
  // Killed before it kept anything, a run is none.
  const bool exists = fs::exists(last(), error);
  require(!exists || config.resume,
          "train: {} already holds a run; give --resume to go on with it, or another --out",
          folder_.string());
  require(exists || !config.resume, "train: {} holds no run to resume", folder_.string());
  fs::create_directories(folder_, error);
  require(!error && fs::is_directory(folder_, error),
          "train: the folder {} cannot be made: {}; give another --out", folder_.string(),
          error ? error.message() : "it is a file");
  lock_ = std::make_unique<io::FileLock>(folder_ / ".lock", "train: a run is going on there");
  remove_parts();
  TrainConfig kept = config;
  kept.resume = false;  // how it was started, not what was asked for
  io::write_file(config_file(), fields_json(fields_of(kept)));
}

// What a killed program had not finished to write.
void RunFolder::remove_parts() const {
  std::vector<fs::path> parts;
  for (const auto& entry : fs::directory_iterator(folder_)) {
    if (entry.path().extension() == io::kPartExtension) parts.push_back(entry.path());
  }
  std::error_code ignored;
  for (const fs::path& part : parts) fs::remove(part, ignored);
}

void RunFolder::open_log(int64_t epochs_done) {
  const fs::path path = folder_ / "log.csv";
  log_ = std::make_unique<io::RunLog>(path, columns_for(labels_), static_cast<double>(epochs_done));
}

void RunFolder::add(const Epoch& epoch) {
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  const Evaluation* found = epoch.evaluation;
  std::vector<double> row = {static_cast<double>(epoch.number),
                             epoch.lr,
                             epoch.loss,
                             found ? found->loss : kNone,
                             found ? found->scores.dice() : kNone,
                             found ? found->scores.iou() : kNone,
                             epoch.seconds};
  for (size_t c = 1; c < labels_.size(); ++c) {
    row.push_back(found ? found->scores.summary(static_cast<int64_t>(c)).dice : kNone);
  }
  log_->add(row);
  io::save_svg(io::to_svg(loss_chart(history())), folder_ / "loss.svg");
  io::save_svg(io::to_svg(dice_chart(history(), labels_)), folder_ / "dice.svg");
}

io::Json RunFolder::history_json() const {
  io::Json rows = io::Json::array();
  for (size_t row = 0; row < history().rows(); ++row) {
    io::Json entry;
    for (size_t c = 0; c < history().columns.size(); ++c) {
      const double value = history().values[c][row];
      if (!std::isnan(value)) entry[history().columns[c]] = value;
    }
    rows.push_back(std::move(entry));
  }
  return rows;
}

std::string RunFolder::last_line(int64_t epochs, bool best) const {
  const auto newest = [&](const char* column) { return history()[column].back(); };
  std::string line = fmt::format("epoch {:>{}}/{}  loss {:.4f}", newest("epoch"),
                                 std::to_string(epochs).size(), epochs, newest("loss"));
  if (!std::isnan(newest("val_loss"))) {
    line +=
        fmt::format("  validation loss {:.4f}  Dice {:.4f}", newest("val_loss"), newest("dice"));
  }
  return line + fmt::format("  {:.1f} s{}", newest("seconds"), best ? "  best" : "");
}

void RunFolder::write_report(const infer::Model& model, const io::Dataset& set,
                             std::span<const io::Case> cases, const Evaluation& evaluation) const {
  io::Report report = case_report(model, set, cases, evaluation,
                                  {.pictures = config_.pictures, .folder = folder_ / "pictures"});
  report.title =
      fmt::format("{} on {}", model.spec.network, fs::path(config_.data).filename().string());
  report.subtitle =
      fmt::format("Training, and the best model on {} validation cases", cases.size());
  report.curves = {loss_chart(history()), dice_chart(history(), labels_)};
  std::vector<std::pair<std::string, std::string>> settings;
  TrainConfig::fields(config_, [&](const char* name, const auto& value, const char*) {
    settings.emplace_back(name, fmt::format("{}", value));
  });
  report.sections.push_back({.title = "Settings", .values = settings});
  report.sections.push_back(
      {.title = "Network", .values = {}, .text = nn::describe_tree(*model.network)});
  io::save_report(report, folder_ / "report.html");
}

}  // namespace tessera::train
