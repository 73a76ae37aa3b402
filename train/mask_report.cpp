#include "train/mask_report.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "io/json_file.h"
#include "train/mask_picture.h"

namespace tessera::train {

namespace {

using nn::ClassStatus;
constexpr ClassStatus kStatuses[] = {ClassStatus::found, ClassStatus::missed, ClassStatus::invented,
                                     ClassStatus::absent};

std::string number_text(double value) {
  if (std::isnan(value)) return "-";
  return std::abs(value) < 100 ? fmt::format("{:.4f}", value) : fmt::format("{:.6g}", value);
}

// What .csv files hold: all digits.
std::string exact_text(double value) {
  return std::isnan(value) ? "" : fmt::format("{}", value);
}

io::Json json_of(double value) {
  if (std::isnan(value)) return nullptr;
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return value;
}

// A mean beside the number of infinite values it leaves out.
std::string mean_text(double mean, int64_t infinite) {
  if (infinite == 0 || std::isinf(mean)) return number_text(mean);
  return fmt::format("{} +{}", number_text(mean), infinite);
}

std::string interval_text(const nn::Interval& interval) {
  if (std::isnan(interval.low)) return "-";
  return fmt::format("{} to {}", number_text(interval.low), number_text(interval.high));
}

constexpr nn::BootstrapOptions kNoInterval = {.resamples = 1};

// The case that scores worst, and the first one of equals.
std::string worst_case(const MaskEvaluation& evaluation, size_t metric) {
  const nn::Metric& m = *evaluation.options().metrics[metric].metric;
  const double sign = m.less_is_better ? -1 : 1;
  const MaskCase* worst = nullptr;
  for (const MaskCase& one : evaluation.cases()) {
    if (std::isnan(one.all[metric])) continue;
    if (worst == nullptr || sign * one.all[metric] < sign * worst->all[metric]) worst = &one;
  }
  return worst == nullptr || std::isnan(m.perfect) ? "-" : worst->name;
}

// "brain missed, head invented": what a mean hides.
std::string remarks(const MaskCase& one, const MaskEvaluation& evaluation) {
  std::string text;
  for (size_t c = 0; c < one.classes.size(); ++c) {
    const ClassStatus status = one.classes[c].status;
    if (status != ClassStatus::missed && status != ClassStatus::invented) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", evaluation.classes()[c].name,
                        nn::name_of(status));
  }
  return text;
}

std::string class_name(const MaskEvaluation& evaluation, int64_t c) {
  return c < 0 ? "all" : evaluation.classes()[static_cast<size_t>(c)].name;
}

}  // namespace

io::Table class_table(const MaskEvaluation& evaluation) {
  const auto& metrics = evaluation.options().metrics;
  std::vector<std::string> columns = {"class"};
  for (const auto& metric : metrics) columns.push_back(metric.title);
  for (const ClassStatus status : kStatuses) columns.push_back(nn::name_of(status));
  io::Table table(columns);
  for (size_t c = 0; c < evaluation.classes().size(); ++c) {
    std::vector<std::string> row = {evaluation.classes()[c].name};
    for (size_t m = 0; m < metrics.size(); ++m) {
      const MaskSummary summary = evaluation.summary(m, c, kNoInterval);
      row.push_back(mean_text(summary.mean, summary.infinite));
    }
    for (const ClassStatus status : kStatuses) {
      row.push_back(fmt::format("{}", evaluation.count(c, status)));
    }
    table.row(std::move(row));
  }
  table.rule();
  std::vector<std::string> row = {"all"};
  for (size_t m = 0; m < metrics.size(); ++m) {
    int64_t infinite = 0;
    for (size_t c = 0; c < evaluation.classes().size(); ++c) {
      const std::vector<double> values = evaluation.values(m, c);
      infinite +=
          std::count_if(values.begin(), values.end(), [](double v) { return std::isinf(v); });
    }
    row.push_back(mean_text(evaluation.summary(m, kNoInterval).mean, infinite));
  }
  row.resize(columns.size());
  table.row(std::move(row));
  return table;
}

io::Table metric_table(const MaskEvaluation& evaluation, const nn::BootstrapOptions& bootstrap) {
  io::Table table({"metric", "mean", fmt::format("{:g} % interval", 100 * bootstrap.confidence),
                   "sd", "median", "min", "max", "inf", "worst case"});
  for (size_t m = 0; m < evaluation.options().metrics.size(); ++m) {
    const MaskSummary s = evaluation.summary(m, bootstrap);
    table.row({evaluation.options().metrics[m].title, number_text(s.mean),
               interval_text(s.interval), number_text(s.deviation), number_text(s.median),
               number_text(s.low), number_text(s.high), fmt::format("{}", s.infinite),
               worst_case(evaluation, m)});
  }
  return table;
}

io::Table case_rows(const MaskEvaluation& evaluation) {
  std::vector<std::string> columns = {"case", "class", "status"};
  for (const auto& metric : evaluation.options().metrics) columns.push_back(metric.name);
  for (const char* count : {"both", "only_predicted", "only_reference"})
    columns.emplace_back(count);
  io::Table table(columns);
  for (const MaskCase& one : evaluation.cases()) {
    for (size_t c = 0; c < one.classes.size(); ++c) {
      const RegionScores& region = one.classes[c];
      std::vector<std::string> row = {one.name, evaluation.classes()[c].name,
                                      nn::name_of(region.status)};
      for (const double value : region.values) row.push_back(exact_text(value));
      for (const int64_t count :
           {region.overlap.both, region.overlap.only_predicted, region.overlap.only_reference}) {
        row.push_back(fmt::format("{}", count));
      }
      table.row(std::move(row));
    }
    std::vector<std::string> row = {one.name, "all", ""};
    for (const double value : one.all) row.push_back(exact_text(value));
    row.resize(columns.size());
    table.row(std::move(row));
  }
  return table;
}

io::Table comparison_table(std::span<const MaskComparison> rows, const MaskEvaluation& evaluation,
                           const std::string& first, const std::string& second) {
  io::Table table({"class", "metric", first, second, "difference", "interval", "better", "worse",
                   "Wilcoxon p", "corrected", "permutation p"});
  for (const MaskComparison& one : rows) {
    const nn::MetricChoice& metric = evaluation.options().metrics[one.metric];
    const nn::PairedTest& t = one.test;
    const bool less = metric.metric->less_is_better;
    table.row({class_name(evaluation, one.c), metric.title, number_text(t.first),
               number_text(t.second), number_text(t.difference), interval_text(t.interval),
               fmt::format("{}", less ? t.falls : t.rises),
               fmt::format("{}", less ? t.rises : t.falls), fmt::format("{:.4g}", t.wilcoxon),
               fmt::format("{:.4g}", one.corrected), fmt::format("{:.4g}", t.permutation)});
  }
  return table;
}

io::Json evaluation_json(const MaskEvaluation& evaluation, const nn::BootstrapOptions& bootstrap) {
  const auto& metrics = evaluation.options().metrics;
  const auto json_of_summary = [](const MaskSummary& s) {
    return io::Json{{"mean", json_of(s.mean)},          {"low", json_of(s.interval.low)},
                    {"high", json_of(s.interval.high)}, {"sd", json_of(s.deviation)},
                    {"median", json_of(s.median)},      {"min", json_of(s.low)},
                    {"max", json_of(s.high)},           {"finite", s.finite},
                    {"infinite", s.infinite},           {"undefined", s.undefined}};
  };
  io::Json all = io::Json::object(), classes = io::Json::object(), cases = io::Json::object();
  for (size_t m = 0; m < metrics.size(); ++m) {
    all[metrics[m].name] = json_of_summary(evaluation.summary(m, bootstrap));
  }
  for (size_t c = 0; c < evaluation.classes().size(); ++c) {
    io::Json& entry = classes[evaluation.classes()[c].name];
    entry["values"] = evaluation.classes()[c].values;
    for (size_t m = 0; m < metrics.size(); ++m) {
      entry[metrics[m].name] = json_of_summary(evaluation.summary(m, c, bootstrap));
    }
    for (const ClassStatus status : kStatuses) {
      entry[nn::name_of(status)] = evaluation.count(c, status);
    }
  }
  for (const MaskCase& one : evaluation.cases()) {
    io::Json& entry = cases[one.name];
    for (size_t m = 0; m < metrics.size(); ++m) {
      entry["all"][metrics[m].name] = json_of(one.all[m]);
      for (size_t c = 0; c < one.classes.size(); ++c) {
        entry[evaluation.classes()[c].name][metrics[m].name] = json_of(one.classes[c].values[m]);
      }
    }
    for (size_t c = 0; c < one.classes.size(); ++c) {
      const RegionScores& region = one.classes[c];
      io::Json& values = entry[evaluation.classes()[c].name];
      values["status"] = nn::name_of(region.status);
      values["both"] = region.overlap.both;
      values["only_predicted"] = region.overlap.only_predicted;
      values["only_reference"] = region.overlap.only_reference;
    }
  }
  return {{"convention", evaluation.options().convention->name},
          {"confidence", bootstrap.confidence},
          {"all", all},
          {"classes", classes},
          {"cases", cases}};
}

io::Json comparison_json(std::span<const MaskComparison> rows, const MaskEvaluation& evaluation) {
  io::Json all = io::Json::array();
  for (const MaskComparison& one : rows) {
    const nn::PairedTest& t = one.test;
    all.push_back({{"class", class_name(evaluation, one.c)},
                   {"metric", evaluation.options().metrics[one.metric].name},
                   {"pairs", t.pairs},
                   {"rises", t.rises},
                   {"falls", t.falls},
                   {"equal", t.equal},
                   {"first", json_of(t.first)},
                   {"second", json_of(t.second)},
                   {"difference", json_of(t.difference)},
                   {"low", json_of(t.interval.low)},
                   {"high", json_of(t.interval.high)},
                   {"wilcoxon", t.wilcoxon},
                   {"wilcoxon_corrected", one.corrected},
                   {"permutation", t.permutation}});
  }
  return all;
}

io::Report mask_report(const MaskEvaluation& evaluation, std::span<const MaskPair> pairs,
                       const nn::BootstrapOptions& bootstrap, int64_t pictures) {
  require(pairs.size() == evaluation.cases().size(),
          "mask_report: the evaluation must be of these {} pairs, got {} cases", pairs.size(),
          evaluation.cases().size());
  const auto& metrics = evaluation.options().metrics;
  io::Report report;
  report.classes = {"background"};
  for (const MaskClass& which : evaluation.classes()) report.classes.push_back(which.name);
  for (size_t m = 0; m < metrics.size(); ++m) {
    const MaskSummary s = evaluation.summary(m, bootstrap);
    report.figures.push_back(
        {metrics[m].title, mean_text(s.mean, s.infinite),
         fmt::format("{:g} % interval {}", 100 * bootstrap.confidence, interval_text(s.interval))});
    report.scores.push_back({metrics[m].title, metrics[m].metric->less_is_better});
  }
  for (const MaskCase& one : evaluation.cases()) {
    report.cases.push_back({.name = one.name, .scores = one.all, .note = remarks(one, evaluation)});
  }
  const std::vector<size_t> order = io::worst_first(report);
  for (size_t i = 0; i < order.size() && static_cast<int64_t>(i) < pictures; ++i) {
    report.cases[order[i]].png =
        io::encode_png(mask_picture(pairs[order[i]], evaluation.options()));
  }
  report.max_pictures = static_cast<size_t>(std::max<int64_t>(pictures, 0));
  report.sections.push_back({.title = "Each class", .text = class_table(evaluation).str()});
  report.sections.push_back(
      {.title = "Each metric", .text = metric_table(evaluation, bootstrap).str()});
  return report;
}

}  // namespace tessera::train
