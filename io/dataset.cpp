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
#include "core/nearest.h"
#include "io/case_files.h"
#include "io/dataset_layout.h"
#include "io/dataset_split.h"
#include "io/label_names.h"

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

// A case that was found, as cases to train on, with what each of their masks holds.
struct Opened {
  std::vector<Case> cases;
  std::vector<Histogram> histograms;
};

Opened open_one(const Case& found, const DatasetOptions& options, VolumeCache& volumes) {
  Opened opened{open_case(found, options.whole_volumes, volumes), {}};
  for (const Case& one : opened.cases) {
    Case slice = one;
    for (slice.slice = std::max<int64_t>(one.slice, 0);; ++slice.slice) {
      Histogram histogram = histogram_of(read_stored_mask(slice, &volumes));
      if (slice.slice == 0 || !options.whole_volumes)
        opened.histograms.push_back(std::move(histogram));
      else
        for (const auto& [value, count] : histogram) opened.histograms.back()[value] += count;
      if (!options.whole_volumes || slice.slice + 1 >= one.depth) break;
    }
  }
  return opened;
}

// Replaces the cases that were found by those to train on, and reads what each mask holds; the
// first mistake in the order of cases is thrown.
std::vector<Histogram> open_all(Dataset& set, const DatasetOptions& options) {
  std::vector<Opened> opened(set.cases.size());
  std::vector<std::exception_ptr> mistakes(set.cases.size());
  cpu::parallel_for(static_cast<int64_t>(set.cases.size()), false, [&](int64_t i) {
    const auto at = static_cast<size_t>(i);
    try {
      opened[at] = open_one(set.cases[at], options, *set.volumes);
    } catch (...) {  // also what the standard library throws
      mistakes[at] = std::current_exception();
    }
  });
  for (const std::exception_ptr& mistake : mistakes)
    if (mistake) std::rethrow_exception(mistake);
  set.cases.clear();
  std::vector<Histogram> histograms;
  for (Opened& one : opened) {
    std::move(one.cases.begin(), one.cases.end(), std::back_inserter(set.cases));
    std::move(one.histograms.begin(), one.histograms.end(), std::back_inserter(histograms));
  }
  return histograms;
}

// Says which values were found where only class indices should be, and what to do.
[[noreturn]] void fail_for_values(const Case& one, const std::set<int32_t>& values) {
  const std::vector<int32_t> first(
      values.begin(), std::next(values.begin(), std::min<ptrdiff_t>(std::ssize(values), 8)));
  const char* more = values.size() > first.size() ? ", ..." : "";
  fail(fmt::format(
      "open_dataset: the masks hold {}{} (the largest in {}), but class indices must be 0, 1, 2, "
      "... without gaps; give mask_values {}{} to number them in this order, name all classes in "
      "labels.json, or let `tessera doctor` write a repaired copy",
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
    one.pixels.assign(set.labels.size(), 0);
    int64_t foreground = 0;
    for (const auto& [value, count] : histograms[i]) {
      const std::optional<int32_t> label = class_of(value, set, classes, one);
      if (!label) continue;
      set.pixels[static_cast<size_t>(*label)] += count;
      one.pixels[static_cast<size_t>(*label)] += count;
      if (*label > 0) foreground += count;
    }
    one.foreground = static_cast<double>(foreground) /
                     static_cast<double>(one.depth * one.size.height * one.size.width);
  }
}

void check_annotated(const Dataset& set) {
  for (const Case& one : set.cases)
    for (const std::string& name : one.annotated)
      require(std::find(set.labels.begin(), set.labels.end(), name) != set.labels.end(),
              "open_dataset: {} is annotated for '{}', which is none of the classes; {}", one.name,
              name, suggest(name, set.labels));
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
  const auto partial = std::count_if(set.cases.begin(), set.cases.end(),
                                     [](const Case& one) { return !one.annotated.empty(); });
  if (partial > 0)
    notes.push_back(
        fmt::format("in {} of {} cases not all classes are annotated; what is not "
                    "counts in no loss and no score",
                    partial, set.cases.size()));
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
  // However large they are, the files of a case are not read again for each of its slices.
  size_t files = 0;
  for (const Case& one : set.cases) files = std::max(files, 2 + one.further.size());
  set.volumes = std::make_shared<VolumeCache>(options.volume_bytes, files);
  if (options.fold >= 0) {
    apply_fold_(set.cases, folder / kFoldsFile, options.fold);
    set.split_rule = fmt::format("fold {} of {}", options.fold, kFoldsFile);
  } else {
    set.split_rule = complete_splits(set.cases, options);
  }

  const std::vector<Histogram> histograms = open_all(set, options);
  for (const Case& one : set.cases) set.channels = std::max(set.channels, one.size.channels);
  set.labels = options.labels;
  if (set.labels.empty()) {
    LabelNames named = read_label_names(folder);
    set.labels = std::move(named.names);
    if (!set.ignore) set.ignore = named.ignore;
  }
  if (set.labels.empty()) set.labels = number_classes(set, histograms);
  require(set.mask_values.empty() || set.mask_values.size() == set.labels.size(),
          "open_dataset: there must be one of mask_values for each class, got {} for {} ({})",
          set.mask_values.size(), set.classes(), fmt::join(set.labels, ", "));
  count_pixels(set, histograms, classes);
  check_annotated(set);
  set.notes = notes_on(set);
  return set;
}

std::vector<uint8_t> annotated_classes(const Dataset& set, const Case& which) {
  std::vector<uint8_t> known(set.labels.size(), which.annotated.empty() ? 1 : 0);
  if (!known.empty()) known[0] = 1;
  for (size_t c = 1; c < known.size(); ++c)
    for (const std::string& name : which.annotated)
      if (name == set.labels[c]) known[c] = 1;
  return known;
}

Image read_image(const Dataset& set, const Case& which) {
  return read_stored_image(which, set.volumes.get());
}

LabelMap read_mask(const Dataset& set, const Case& which) {
  LabelMap mask = read_stored_mask(which, set.volumes.get());
  const auto classes = classes_of_values(set.mask_values);
  std::vector<int32_t> class_of_value(65536);
  for (const auto& entry : histogram_of(mask))
    class_of_value[static_cast<size_t>(entry.first)] =
        class_of(entry.first, set, classes, which).value_or(entry.first);
  for (int32_t& label : mask.labels) label = class_of_value[static_cast<size_t>(label)];
  return mask;
}

}  // namespace tessera::io
