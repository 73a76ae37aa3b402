#include "io/dataset.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/cpu/parallel.h"
#include "core/error.h"
#include "io/dataset_layout.h"
#include "io/json_file.h"

namespace tessera::io {

namespace fs = std::filesystem;

namespace {

using Histogram = std::map<int32_t, int64_t>;  // how many pixels hold a value

Histogram histogram_of(const LabelMap& map) {
  std::vector<int64_t> counts(65536);
  for (const int32_t label : map.labels) ++counts[static_cast<size_t>(label)];
  Histogram histogram;
  for (size_t value = 0; value < counts.size(); ++value)
    if (counts[value] > 0) histogram[static_cast<int32_t>(value)] = counts[value];
  return histogram;
}

void require_size_of_mask(const LabelMap& mask, const Case& one) {
  require(mask.height == one.size.height && mask.width == one.size.width,
          "open_dataset: {} has {}x{} pixels (height x width), but its image {} has {}x{}; a mask "
          "must be as large as its image",
          one.mask.string(), mask.height, mask.width, one.image.string(), one.size.height,
          one.size.width);
}

// Reads the size of each image and what its mask holds; the first mistake in the order of cases is
// thrown.
std::vector<Histogram> read_all(std::vector<Case>& cases) {
  std::vector<Histogram> histograms(cases.size());
  std::vector<std::exception_ptr> mistakes(cases.size());
  cpu::parallel_for(static_cast<int64_t>(cases.size()), false, [&](int64_t i) {
    const auto at = static_cast<size_t>(i);
    try {
      Case& one = cases[at];
      one.size = read_image_size(one.image);
      const LabelMap mask = read_labels(one.mask);
      require_size_of_mask(mask, one);
      histograms[at] = histogram_of(mask);
    } catch (...) {  // also what the standard library throws
      mistakes[at] = std::current_exception();
    }
  });
  for (const std::exception_ptr& mistake : mistakes)
    if (mistake) std::rethrow_exception(mistake);
  return histograms;
}

// Names of classes: those of the options, else of labels.json, else none.
std::vector<std::string> read_label_names(const fs::path& folder, const DatasetOptions& options) {
  const fs::path path = folder / "labels.json";
  std::error_code error;
  if (!options.labels.empty() || !fs::exists(path, error)) return options.labels;
  const Json json = load_json(path);
  std::vector<std::string> names(json.size());
  size_t index = 0;
  for (const auto& [key, value] : json.items()) {
    const Json name = json.is_array() ? value : Json(key);
    const Json place = json.is_array() ? Json(index++) : value;
    const bool fits = json.is_structured() && name.is_string() && place.is_number_unsigned() &&
                      place.get<uint64_t>() < names.size() && names[place.get<size_t>()].empty();
    require(fits,
            "open_dataset: {} must be a list of names, such as [\"background\", \"brain\"], or an "
            "object that gives each name one of the indices 0, 1, ...",
            path.string());
    names[place.get<size_t>()] = name.get<std::string>();
  }
  return names;
}

// Says which values were found where only class indices should be, and what to do.
[[noreturn]] void fail_for_values(const Case& one, const std::set<int32_t>& values) {
  const std::vector<int32_t> first(
      values.begin(), std::next(values.begin(), std::min<ptrdiff_t>(std::ssize(values), 8)));
  const char* more = values.size() > first.size() ? ", ..." : "";
  fail(fmt::format(
      "open_dataset: the masks hold {}{} (the largest in {}), but class indices must be 0, 1, 2, "
      "... without gaps; give mask_values {}{} to number them in this order, or name all classes "
      "in labels.json",
      fmt::join(first, ", "), more, one.mask.string(), fmt::join(first, ","), more));
}

// The class of each stored value. Empty: values are classes.
std::map<int32_t, int32_t> classes_of_values(const std::vector<int32_t>& mask_values) {
  std::map<int32_t, int32_t> classes;
  for (size_t i = 0; i < mask_values.size(); ++i) {
    const bool added = classes.emplace(mask_values[i], static_cast<int32_t>(i)).second;
    require(added, "open_dataset: mask_values must differ, got {} twice", mask_values[i]);
  }
  return classes;
}

// The class that `value` stands for in the mask of `one`, or nothing for the ignored value.
std::optional<int32_t> class_of(int32_t value, const Dataset& set,
                                const std::map<int32_t, int32_t>& classes, const Case& one) {
  if (value == set.ignore) return {};
  if (set.mask_values.empty()) {
    require(value < set.classes(),
            "open_dataset: {} holds label {}, but the classes are 0 to {} ({}); mend the mask or "
            "name more classes",
            one.mask.string(), value, set.classes() - 1, fmt::join(set.labels, ", "));
    return value;
  }
  const auto found = classes.find(value);
  require(found != classes.end(),
          "open_dataset: {} holds {}, which is none of the mask_values {}; mend the mask or add it",
          one.mask.string(), value, fmt::join(set.mask_values, ","));
  return found->second;
}

// Names for the classes when nobody named them: as many numbers as the masks need.
std::vector<std::string> number_classes(const Dataset& set,
                                        const std::vector<Histogram>& histograms) {
  std::set<int32_t> values(set.mask_values.begin(), set.mask_values.end());
  const Case* largest = &set.cases[0];
  if (set.mask_values.empty()) {
    for (size_t i = 0; i < histograms.size(); ++i) {
      for (const auto& entry : histograms[i]) {
        if (entry.first == set.ignore) continue;
        if (values.empty() || entry.first > *values.rbegin()) largest = &set.cases[i];
        values.insert(entry.first);
      }
    }
    values.insert(0);  // nothing but one class is a mask, too
    if (*values.rbegin() + 1 != std::ssize(values)) fail_for_values(*largest, values);
    require(values.size() > 1,
            "open_dataset: every mask in {} is empty: all pixels are 0, the background",
            largest->mask.parent_path().string());
  }
  std::vector<std::string> names;
  for (size_t i = 0; i < values.size(); ++i) names.push_back(fmt::format("{}", i));
  return names;
}

void count_pixels(Dataset& set, const std::vector<Histogram>& histograms,
                  const std::map<int32_t, int32_t>& classes) {
  set.pixels.assign(set.labels.size(), 0);
  for (size_t i = 0; i < set.cases.size(); ++i) {
    Case& one = set.cases[i];
    int64_t foreground = 0;
    for (const auto& [value, count] : histograms[i]) {
      const std::optional<int32_t> label = class_of(value, set, classes, one);
      if (!label) continue;
      set.pixels[static_cast<size_t>(*label)] += count;
      if (*label > 0) foreground += count;
    }
    one.foreground =
        static_cast<double>(foreground) / static_cast<double>(one.size.height * one.size.width);
  }
}

// What is not wrong, but should be known.
std::vector<std::string> notes_on(const Dataset& set) {
  std::vector<std::string> notes;
  std::map<std::string, std::set<std::string>> splits_of;
  std::map<int64_t, int64_t> images_of;
  for (const Case& one : set.cases) {
    if (!one.group.empty()) splits_of[one.group].insert(one.split);
    ++images_of[one.size.channels];
  }
  for (const auto& [group, splits] : splits_of)
    if (splits.size() > 1)
      notes.push_back(fmt::format("cases of {} are in more than one split: {}", group,
                                  fmt::join(splits, ", ")));
  if (images_of.size() > 1) {
    std::string counts;
    for (const auto& [channels, count] : images_of)
      counts += fmt::format("{}{} of {}", counts.empty() ? "" : ", ", count, channels);
    notes.push_back(fmt::format("images differ in their number of channels: {}", counts));
  }
  for (size_t i = 0; i < set.pixels.size(); ++i)
    if (set.pixels[i] == 0)
      notes.push_back(fmt::format("no mask has a pixel of class {} ({})", i, set.labels[i]));
  return notes;
}

// Gives the cases without a split one, and says who chose.
std::string complete_splits(std::vector<Case>& cases, const DatasetOptions& options) {
  const auto has = [&](const char* split) {
    return std::any_of(cases.begin(), cases.end(),
                       [&](const Case& one) { return one.split == split; });
  };
  if (has("")) {
    split_by_group_(cases, options.val, options.test, options.seed);
    return fmt::format("chosen by seed {}: {:.3g} of the groups for val, {:.3g} for test",
                       options.seed, options.val, options.test);
  }
  if (has("val") || !has("train") || options.val == 0) return "as the folder says";
  for (Case& one : cases)
    if (one.split == "train") one.split.clear();
  split_by_group_(cases, options.val, 0, options.seed);
  return fmt::format(
      "as the folder says, with {:.3g} of the groups of train for val, chosen by "
      "seed {}",
      options.val, options.seed);
}

}  // namespace

std::vector<std::string> Dataset::splits() const {
  std::vector<std::string> names = {"train", "val", "test"};
  for (const Case& one : cases)
    if (std::find(names.begin(), names.end(), one.split) == names.end()) names.push_back(one.split);
  std::sort(names.begin() + 3, names.end());
  std::erase_if(names, [&](const std::string& name) {
    return std::none_of(cases.begin(), cases.end(),
                        [&](const Case& one) { return one.split == name; });
  });
  return names;
}

std::vector<Case> Dataset::split(const std::string& name) const {
  std::vector<Case> chosen;
  for (const Case& one : cases)
    if (one.split == name || one.split.starts_with(name + "_")) chosen.push_back(one);
  require(!chosen.empty(), "split: {} has no cases for \"{}\"; its splits are {}", folder.string(),
          name, fmt::join(splits(), ", "));
  return chosen;
}

Dataset open_dataset(const fs::path& folder, const DatasetOptions& options) {
  Dataset set;
  set.folder = folder;
  set.mask_values = options.mask_values;
  set.ignore = options.ignore;
  const auto classes = classes_of_values(set.mask_values);
  set.cases = find_cases(folder);
  require(!set.cases.empty(), "open_dataset: {} has no cases", folder.string());
  set.split_rule = complete_splits(set.cases, options);

  const std::vector<Histogram> histograms = read_all(set.cases);
  for (const Case& one : set.cases) set.channels = std::max(set.channels, one.size.channels);
  set.labels = read_label_names(folder, options);
  if (set.labels.empty()) set.labels = number_classes(set, histograms);
  require(set.mask_values.empty() || set.mask_values.size() == set.labels.size(),
          "open_dataset: there must be one of mask_values for each class, got {} for {} ({})",
          set.mask_values.size(), set.classes(), fmt::join(set.labels, ", "));
  count_pixels(set, histograms, classes);
  set.notes = notes_on(set);
  return set;
}

std::vector<Case> list_images(const fs::path& path) {
  std::error_code error;
  std::vector<Case> cases;
  if (fs::is_regular_file(path, error)) {
    cases.push_back({.name = path.stem().string(), .image = path});
    return cases;
  }
  require(fs::is_directory(path, error), "list_images: {} does not exist", path.string());
  const bool nested = fs::is_directory(path / "images", error);
  for (const fs::path& image : find_images(nested ? path / "images" : path))
    cases.push_back({.name = image.stem().string(), .image = image});
  return cases;
}

LabelMap read_mask(const Dataset& set, const Case& which) {
  LabelMap mask = read_labels(which.mask);
  require_size_of_mask(mask, which);
  const auto classes = classes_of_values(set.mask_values);
  std::vector<int32_t> class_of_value(65536);
  for (const auto& entry : histogram_of(mask))
    class_of_value[static_cast<size_t>(entry.first)] =
        class_of(entry.first, set, classes, which).value_or(entry.first);
  for (int32_t& label : mask.labels) label = class_of_value[static_cast<size_t>(label)];
  return mask;
}

}  // namespace tessera::io
