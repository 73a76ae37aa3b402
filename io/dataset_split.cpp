#include "io/dataset_split.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "core/error.h"
#include "io/csv.h"
#include "io/draws.h"
#include "io/json_file.h"

namespace tessera::io {

namespace fs = std::filesystem;

namespace {

const std::string& group_of(const Case& one) {
  return one.group.empty() ? one.name : one.group;
}

const std::string& file_name_of(const Case& one) {
  return one.slice >= 0 ? one.volume : one.name;
}

// What each group brings to a fold, as shares of the whole: cases, then of each class cases that
// show it and pixels.
struct Load {
  std::vector<double> share;
  std::vector<size_t> cases;
};

std::vector<Load> loads_of(const std::vector<Case>& cases) {
  size_t classes = 0;
  for (const Case& one : cases) classes = std::max(classes, one.pixels.size());
  std::map<std::string, Load> by_group;
  std::vector<double> total(1 + 2 * classes);
  for (size_t i = 0; i < cases.size(); ++i) {
    if (is_test(cases[i].split)) continue;
    Load& load = by_group[group_of(cases[i])];
    load.cases.push_back(i);
    load.share.resize(total.size());
    const auto add = [&](size_t at, int64_t amount) {
      load.share[at] += static_cast<double>(amount);
      total[at] += static_cast<double>(amount);
    };
    add(0, 1);
    for (size_t c = 0; c < cases[i].pixels.size(); ++c) {
      add(1 + 2 * c, cases[i].pixels[c] > 0 ? 1 : 0);
      add(2 + 2 * c, cases[i].pixels[c]);
    }
  }
  std::vector<Load> loads;
  for (auto& [group, load] : by_group) {
    for (size_t j = 0; j < total.size(); ++j)
      if (total[j] > 0) load.share[j] /= total[j];
    loads.push_back(std::move(load));
  }
  return loads;
}

// "liver; spleen" as two names.
std::vector<std::string> names_in(const std::string& cell) {
  std::vector<std::string> names;
  std::istringstream parts(cell);
  for (std::string part; std::getline(parts, part, ';');) {
    const size_t first = part.find_first_not_of(' ');
    if (first == std::string::npos) continue;
    names.push_back(part.substr(first, part.find_last_not_of(' ') - first + 1));
  }
  return names;
}

double product(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

}  // namespace

bool is_test(const std::string& split) {
  return split == "test" || split.starts_with("test_");
}

void apply_split_file(std::vector<Case>& cases, const fs::path& path,
                      std::vector<Mistake>& mistakes) {
  const Csv table = read_csv(path);
  constexpr std::array<const char*, 8> groups = {"group",      "patient", "patient_id", "subject",
                                                 "subject_id", "person",  "child",      "animal"};
  const auto* group =
      std::find_if(groups.begin(), groups.end(), [&](const char* name) { return table.has(name); });
  const bool grouped = group != groups.end(), partial = table.has("annotated");
  const bool splits = table.has("split") || (!grouped && !partial);
  const size_t stem = table.column("stem"), split = splits ? table.column("split") : 0;
  const size_t patient = grouped ? table.column(*group) : 0;
  const size_t annotated = partial ? table.column("annotated") : 0;
  const auto mistake = [&](const fs::path& file, const std::string& text) {
    mistakes.push_back({Mistake::Kind::split, file, "open_dataset: " + text});
  };

  std::map<std::string, Case*> by_name;
  for (Case& one : cases) by_name[one.name] = &one;
  std::set<std::string> seen;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    const std::vector<std::string>& cells = table.rows[row];
    const auto found = by_name.find(cells[stem]);
    if (found == by_name.end()) {
      mistake(path, fmt::format("{} names \"{}\", but there is no image of that name; add it or "
                                "remove the row",
                                table.place(row), cells[stem]));
    } else if (!seen.insert(cells[stem]).second) {
      mistake(path, fmt::format("{} names \"{}\" a second time", table.place(row), cells[stem]));
    } else {
      Case& one = *found->second;
      if (grouped) one.group = cells[patient];
      if (partial) one.annotated = names_in(cells[annotated]);
      if (!splits) continue;
      one.split = cells[split];
      if (one.split.empty())
        mistake(path, fmt::format("{} gives \"{}\" no split", table.place(row), cells[stem]));
    }
  }
  for (const Case& one : cases)
    if (!seen.contains(one.name))
      mistake(one.image, fmt::format("{} has no row for {}; add one or remove the image",
                                     path.string(), one.image.string()));
}

void split_by_group_(std::vector<Case>& cases, double val, double test, uint64_t seed) {
  require(val >= 0 && test >= 0 && val + test < 1,
          "open_dataset: shares for validation and test must be at least 0 and together below 1, "
          "got {} and {}",
          val, test);
  std::set<std::string> names;
  for (const Case& one : cases)
    if (one.split.empty()) names.insert(group_of(one));
  std::vector<std::string> groups(names.begin(), names.end());
  Draws(seed, 0).shuffle_(groups);

  const auto count = static_cast<int64_t>(groups.size());
  const auto share = [&](double part, int64_t least) {
    if (part == 0 || count < least) return int64_t{0};
    return std::max<int64_t>(1, std::llround(part * static_cast<double>(count)));
  };
  int64_t vals = share(val, 2), tests = share(test, 3);
  while (vals + tests >= count && vals + tests > 0) --(vals > tests ? vals : tests);

  std::map<std::string, std::string> split;
  for (int64_t i = 0; i < count; ++i)
    split[groups[static_cast<size_t>(i)]] = i < vals ? "val" : i < vals + tests ? "test" : "train";
  for (Case& one : cases)
    if (one.split.empty()) one.split = split[group_of(one)];
}

std::vector<int64_t> assign_folds(const std::vector<Case>& cases, int64_t folds, uint64_t seed) {
  std::vector<Load> loads = loads_of(cases);
  require(folds >= 2 && folds <= std::ssize(loads),
          "split: there must be from 2 folds to as many as there are groups (patients) outside of "
          "the test cases, {}, got {}",
          loads.size(), folds);
  Draws(seed, 0).shuffle_(loads);
  std::stable_sort(loads.begin(), loads.end(), [](const Load& a, const Load& b) {
    return product(a.share, a.share) > product(b.share, b.share);
  });
  // Adding g to a fold that has f changes the sum of squares of all folds by 2 f g + g g, and the
  // sum of squares is least when they are alike.
  std::vector<std::vector<double>> held(static_cast<size_t>(folds),
                                        std::vector<double>(loads[0].share.size()));
  std::vector<int64_t> fold_of(cases.size(), -1);
  for (const Load& load : loads) {
    const auto least =
        std::min_element(held.begin(), held.end(), [&](const auto& a, const auto& b) {
          return product(a, load.share) < product(b, load.share);
        });
    for (size_t j = 0; j < load.share.size(); ++j) (*least)[j] += load.share[j];
    for (const size_t i : load.cases) fold_of[i] = least - held.begin();
  }
  return fold_of;
}

void save_folds(const std::vector<Case>& cases, const std::vector<int64_t>& fold_of, int64_t folds,
                const fs::path& path) {
  Json json = Json::array();
  for (int64_t fold = 0; fold < folds; ++fold) {
    std::set<std::string> train, val;
    for (size_t i = 0; i < cases.size(); ++i)
      if (fold_of[i] >= 0) (fold_of[i] == fold ? val : train).insert(file_name_of(cases[i]));
    json.push_back({{"train", train}, {"val", val}});
  }
  save_json(json, path);
}

void apply_fold_(std::vector<Case>& cases, const fs::path& path, int64_t fold) {
  const std::string name = "open_dataset: " + path.string();
  std::error_code error;
  require(fs::exists(path, error),
          "{} does not exist; `tessera dataset split` writes it, or leave out --fold", name);
  const Json json = load_json(path);
  require(json.is_array(), "{} must be a list of folds, each with \"train\" and \"val\"", name);
  require(fold >= 0 && fold < std::ssize(json), "{} has the folds 0 to {}, got {}", name,
          std::ssize(json) - 1, fold);

  std::map<std::string, Case*> by_name;
  for (Case& one : cases) {
    by_name[one.name] = &one;
    if (!is_test(one.split)) one.split = "unused";
  }
  std::set<std::string> seen;
  for (const char* split : {"train", "val"}) {
    const auto names = field<std::vector<std::string>>(json[static_cast<size_t>(fold)], split,
                                                       fmt::format("{}, fold {}", name, fold));
    require(!names.empty(), "{}: fold {} has no cases for {}", name, fold, split);
    for (const std::string& stem : names) {
      const auto found = by_name.find(stem);
      require(found != by_name.end(),
              "{} names \"{}\", but there is no image of that name; run `tessera dataset split` "
              "again",
              name, stem);
      require(seen.insert(stem).second, "{}: fold {} names \"{}\" a second time", name, fold, stem);
      found->second->split = split;
    }
  }
}

}  // namespace tessera::io
