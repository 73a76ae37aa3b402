// Checks of what lists beside the files say about them.

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "core/error.h"
#include "io/dataset_split.h"
#include "io/doctor_chart.h"
#include "io/json_file.h"

namespace tessera::io {

namespace fs = std::filesystem;

namespace {

std::string ending_of(const fs::path& path) {
  return path.filename().string().substr(stem_of(path).size());
}

using Names = std::vector<std::string>;

// The names of cases that check_channels has left out.
std::set<std::string> incomplete(const Chart& chart) {
  std::set<std::string> names;
  for (const Mistake& mistake : chart.layout.mistakes)
    if (mistake.kind == Mistake::Kind::channels) names.insert(stem_of(mistake.file));
  return names;
}

std::vector<Chart::Fold> read_folds(const fs::path& path) {
  const std::string name = path.filename().string();
  const Json json = load_json(path);
  require(json.is_array(), "{} must be a list of folds", name);
  std::vector<Chart::Fold> folds;
  for (const Json& fold : json)
    folds.push_back({field<Names>(fold, "train", name), field<Names>(fold, "val", name)});
  return folds;
}

// The patients who are on both sides of a fold, each with whether most cases are for training.
std::map<std::string, bool> divided(const Chart::Fold& fold,
                                    const std::map<std::string, std::string>& group_of) {
  std::map<std::string, std::pair<int64_t, int64_t>> counts;
  const auto count = [&](const Names& names, auto side) {
    for (const std::string& name : names)
      if (const std::string& group = group_of.at(name); !group.empty()) ++(counts[group].*side);
  };
  count(fold.train, &std::pair<int64_t, int64_t>::first);
  count(fold.val, &std::pair<int64_t, int64_t>::second);
  std::map<std::string, bool> groups;
  for (const auto& [group, sides] : counts)
    if (sides.first > 0 && sides.second > 0) groups[group] = sides.first >= sides.second;
  return groups;
}

// Mends a fold, and calls add(problem, remedy) for what was wrong with it.
template <class F>
void check_fold_(Chart::Fold& fold, const std::map<std::string, std::string>& group_of, F add) {
  for (Names* names : {&fold.train, &fold.val})
    std::erase_if(*names, [&](const std::string& name) {
      if (group_of.contains(name)) return false;
      add(fmt::format("names {}, but there is no such case", name), "the name is left out");
      return true;
    });
  const std::set<std::string> val(fold.val.begin(), fold.val.end());
  std::erase_if(fold.train, [&](const std::string& name) {
    if (!val.contains(name)) return false;
    add(fmt::format("has {} in train and in val", name), "only in val");
    return true;
  });
  for (const auto& [group, to_train] : divided(fold, group_of)) {
    Names &from = to_train ? fold.val : fold.train, &to = to_train ? fold.train : fold.val;
    std::erase_if(from, [&, &group = group](const std::string& name) {
      if (group_of.at(name) != group) return false;
      to.push_back(name);
      return true;
    });
    add(fmt::format("has cases of {} in train and in val", group),
        fmt::format("all of them are in {}", to_train ? "train" : "val"));
  }
}

}  // namespace

void check_dataset_json(Chart& chart) {
  const fs::path path = chart.layout.folder / "dataset.json";
  if (chart.layout.kind != LayoutKind::nnunet || chart.broken_labels || !is_there(path)) return;
  Json json;
  try {
    json = load_json(path);
  } catch (const Error&) {
    return;  // labels.json stands for it
  }
  if (!json.is_object()) return;
  const auto add = [&](const std::string& problem) {
    chart.new_labels = true;
    chart.add(path, problem, "written anew");
  };
  int64_t training = 0;
  for (const ExaminedCase& one : chart.cases)
    training += one.found.mask.parent_path() == chart.layout.masks ? 1 : 0;
  const int64_t incomplete_too = training + std::ssize(incomplete(chart));
  if (incomplete_too != training) chart.new_labels = true;
  if (json.contains("numTraining") && json["numTraining"] != training &&
      json["numTraining"] != incomplete_too)
    add(fmt::format("numTraining is {}, but there are {} cases", json_text(json["numTraining"]),
                    training));
  if (chart.cases.empty()) return;
  const Case& first = chart.cases[0].found;
  const char* key = json.contains("channel_names") ? "channel_names" : "modality";
  const size_t channels = 1 + first.further.size();
  if (json.contains(key) && json[key].size() != channels)
    add(fmt::format("{} names {}, but cases have {}", key, json[key].size(), channels));
  const std::string ending = ending_of(first.mask);
  if (json.contains("file_ending") && json["file_ending"] != ending)
    add(fmt::format("file_ending is {}, but files end with {}", json_text(json["file_ending"]),
                    ending));
}

void check_folds(Chart& chart) {
  const fs::path path = chart.layout.folder / kFoldsFile;
  if (!is_there(path)) return;
  try {
    chart.folds = read_folds(path);
  } catch (const Error& error) {
    chart.dropped.push_back(path);
    chart.add(path, fmt::format("cannot be read: {}", error.what()), "left out");
    return;
  }
  const std::set<std::string> left_out = incomplete(chart);
  for (Chart::Fold& fold : chart.folds)
    for (Names* names : {&fold.train, &fold.val})
      if (std::erase_if(*names, [&](const auto& name) { return left_out.contains(name); }) > 0)
        chart.new_folds = true;
  std::map<std::string, std::string> group_of;
  for (const ExaminedCase& one : chart.cases) group_of[one.found.name] = one.found.group;
  for (size_t i = 0; i < chart.folds.size(); ++i)
    check_fold_(chart.folds[i], group_of,
                [&](const std::string& problem, const std::string& remedy) {
                  chart.new_folds = true;
                  chart.add(path, fmt::format("fold {} {}", i, problem), remedy);
                });
}

}  // namespace tessera::io
