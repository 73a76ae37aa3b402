// Writes the repaired copy.

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "core/error.h"
#include "io/csv.h"
#include "io/dataset_split.h"
#include "io/doctor_levels.h"
#include "io/json_file.h"
#include "io/npy.h"
#include "io/resample_grid.h"
#include "io/volume_slices.h"

namespace tessera::io {

namespace fs = std::filesystem;

namespace {

// Where a file of the original stands in the copy.
fs::path place_of(const Chart& chart, const fs::path& file, const fs::path& out) {
  return out / file.lexically_relative(chart.layout.folder);
}

bool is_array(const fs::path& path) {
  return path.extension() == ".npy" || path.extension() == ".NPY";
}

// The name of a mask in the copy: volumes and arrays stay what they are, pictures become PNG.
fs::path mask_name(const ExaminedCase& one) {
  const std::string name = one.found.mask.filename().string();
  const std::string stem = stem_of(name);
  if (one.rewrite_mask && fs::path(name).extension() == ".dcm") return stem + ".nii.gz";
  const bool kept = is_volume_file(one.found.mask) || is_array(name) || !one.rewrite_mask;
  return (one.mask_stem.empty() ? stem : one.mask_stem) +
         (kept ? name.substr(stem.size()) : ".png");
}

// Labels [1, H, W] resized to `to`: the nearest one.
std::vector<int32_t> scaled(const std::vector<int32_t>& labels, const Extents& from,
                            const Extents& to) {
  std::vector<int32_t> result;
  result.reserve(static_cast<size_t>(to[1] * to[2]));
  for (int64_t h = 0; h < to[1]; ++h) {
    const int64_t row = (2 * h + 1) * from[1] / (2 * to[1]);
    for (int64_t w = 0; w < to[2]; ++w)
      result.push_back(
          labels[static_cast<size_t>(row * from[2] + (2 * w + 1) * from[2] / (2 * to[2]))]);
  }
  return result;
}

Shape shape_of(const Extents& extents) {
  return {extents[0], extents[1], extents[2]};
}

std::vector<int32_t> mended_labels(const RawMask& mask, const ExaminedCase& one) {
  std::vector<int32_t> labels;
  labels.reserve(mask.codes.size());
  float last = -1, value = 0;
  bool known = false;
  for (const float code : mask.codes) {
    if (!known || code != last) {
      const float level =
          one.levels.empty() ? code : nearest_level(one.levels, code, mask.coloured);
      const auto found = one.mask.codes.find(level);
      value = found == one.mask.codes.end() ? 0 : found->second.value;
      last = code;
      known = true;
    }
    labels.push_back(static_cast<int32_t>(value));
  }
  return labels;
}

void write_mask(const ExaminedCase& one, const fs::path& path) {
  const RawMask mask = read_raw_mask(one.found.mask);
  std::vector<int32_t> labels = mended_labels(mask, one);
  const Extents& extents = one.placing == Placing::keep ? mask.extents : one.image.extents;
  if (one.placing == Placing::scale) labels = scaled(labels, mask.extents, extents);
  if (one.placing == Placing::resample) {
    const Volume placed{tensor<int32_t>(labels, shape_of(mask.extents)), *mask.geometry};
    labels = resample_labels(placed, {shape_of(extents), *one.image.geometry})
                 .voxels.to_vector<int32_t>();
  }
  if (is_volume_file(one.found.mask) || is_array(path)) {
    const int32_t largest = *std::max_element(labels.begin(), labels.end());
    const bool flat = is_array(path) && extents[0] == 1;
    const Shape shape = flat ? Shape{extents[1], extents[2]} : shape_of(extents);
    const Tensor voxels =
        largest < 256 ? tensor<uint8_t>(std::vector<uint8_t>(labels.begin(), labels.end()), shape)
                      : tensor<int32_t>(labels, shape);
    const bool placed = one.placing == Placing::header || one.placing == Placing::resample;
    if (is_array(path))
      save_npy(voxels, path);
    else
      save_volume({voxels, placed ? *one.image.geometry : mask.geometry.value_or(Geometry())},
                  path);
    return;
  }
  LabelMap map(extents[1], extents[2]);
  map.labels = std::move(labels);
  write_png(map, path);
}

// An image with finite values in the place of others, or with another geometry.
void write_image(const fs::path& from, const ImageFacts& facts,
                 const std::optional<Geometry>& geometry, const fs::path& path) {
  const auto mend = [&](const Tensor& voxels) {
    if (facts.broken == 0) return voxels;
    std::vector<float> values = voxels.to_vector<float>();
    for (float& value : values)
      if (!std::isfinite(value)) value = value > 0 ? facts.high : facts.low;
    return tensor<float>(values, voxels.shape());
  };
  if (!is_volume_file(from)) {
    save_npy(mend(load_npy(from)), path);
    return;
  }
  Volume volume = load_volume(from);
  volume.voxels = mend(volume.voxels);
  if (facts.broken > 0) volume.stored.reset();
  if (geometry) volume.geometry = *geometry;
  save_volume(volume, path);
}

// Whether a folder is a link to one that it lies in.
bool is_loop(const fs::directory_entry& entry) {
  if (!entry.is_symlink()) return false;
  const fs::path to = fs::canonical(entry.path()), from = fs::canonical(entry.path().parent_path());
  return std::mismatch(to.begin(), to.end(), from.begin(), from.end()).first == to.end();
}

// Copies all files but those that `changed` names; links become what they point to.
void copy_others(const fs::path& folder, const fs::path& out, const std::set<fs::path>& changed) {
  fs::create_directories(out);
  fs::recursive_directory_iterator entry(folder, fs::directory_options::follow_directory_symlink);
  for (; entry != fs::recursive_directory_iterator(); ++entry) {
    const fs::path to = out / entry->path().lexically_relative(folder);
    if (entry->is_directory()) {
      if (is_loop(*entry)) {
        entry.disable_recursion_pending();
        continue;
      }
      fs::create_directories(to);
      fs::permissions(to, fs::perms::owner_all, fs::perm_options::add);
    } else if (entry->is_regular_file() && !changed.contains(entry->path())) {
      fs::copy_file(entry->path(), to);
      fs::permissions(to, fs::perms::owner_write, fs::perm_options::add);
    }
  }
}

using Kept = std::map<std::string, const ExaminedCase*>;

// The rows of split.csv for the cases that are left, with their splits; new ones behind them.
void write_split_file(const Chart& chart, const Kept& kept, const fs::path& out) {
  const fs::path path = chart.layout.folder / "split.csv";
  Csv table{.name = path.string(), .columns = {"stem"}, .rows = {}, .lines = {}};
  std::error_code error;
  if (fs::exists(path, error)) table = read_csv(path);
  const auto column = [&](const char* name) {
    if (!table.has(name)) {
      table.columns.emplace_back(name);
      for (auto& row : table.rows) row.emplace_back();
    }
    return table.column(name);
  };
  const size_t stem = column("stem"), split = column("split");
  std::vector<std::vector<std::string>> rows;
  std::set<std::string> seen;
  for (auto& row : table.rows) {
    const auto found = kept.find(row[stem]);
    if (found == kept.end() || !seen.insert(row[stem]).second) continue;
    row[split] = found->second->found.split;
    rows.push_back(std::move(row));
  }
  for (const auto& [name, one] : kept) {
    if (seen.contains(name)) continue;
    rows.emplace_back(table.columns.size());
    rows.back()[stem] = name;
    rows.back()[split] = one->found.split;
  }
  table.rows = std::move(rows);
  write_csv(table, out / "split.csv");
}

// JMedSeg's lists for the cases that are left; patients and scans as they were.
void write_jmedseg_lists(const Chart& chart, const Kept& kept, const fs::path& out) {
  std::map<std::string, Json> lists;
  std::set<std::string> seen;
  for (const std::string split : {"train", "val", "test"}) {
    const fs::path path = chart.layout.folder / (split + "_label.json");
    std::error_code error;
    if (!fs::exists(path, error)) continue;
    lists.try_emplace(split, Json::object());
    const Json patients = load_json(path);
    for (const auto& [patient, scans] : patients.items()) {
      for (const auto& [scan, content] : scans.items()) {
        for (const Json& mask : content["list"]) {
          const auto found = kept.find(stem_of(mask.get<std::string>()));
          if (found == kept.end() || !seen.insert(found->first).second) continue;
          Json& place = lists[found->second->found.split][patient][scan];
          place["list"].push_back(mask_name(*found->second).string());
          if (content.contains("annotated")) place["annotated"] = content["annotated"];
        }
      }
    }
  }
  for (const auto& [split, list] : lists)
    save_json(list.is_null() ? Json::object() : list, out / (split + "_label.json"));
}

// The folds without the cases that were left out.
void write_folds(const Chart& chart, const Kept& kept, const fs::path& out) {
  Json folds = Json::array();
  const auto left = [&](const std::vector<std::string>& names) {
    Json list = Json::array();
    for (const std::string& name : names)
      if (kept.contains(name)) list.push_back(name);
    return list;
  };
  for (const Chart::Fold& fold : chart.folds)
    folds.push_back({{"train", left(fold.train)}, {"val", left(fold.val)}});
  save_json(folds, out / kFoldsFile);
}

}  // namespace

void write_copy(const Chart& chart, const fs::path& out) {
  std::set<fs::path> changed(chart.dropped.begin(), chart.dropped.end());
  Kept kept;
  bool renamed = false, fewer = false;
  for (const ExaminedCase& one : chart.cases) {
    if (one.leave_out) {
      changed.insert({one.found.image, one.found.mask});
      changed.insert(one.found.further.begin(), one.found.further.end());
      fewer = true;
      continue;
    }
    kept[one.found.name] = &one;
    renamed |= mask_name(one) != one.found.mask.filename();
    if (one.rewrite_mask || !one.mask_stem.empty()) changed.insert(one.found.mask);
    if (one.rewrite_image) changed.insert(one.found.image);
    if (one.rewrite_image || one.further_headers)
      changed.insert(one.found.further.begin(), one.found.further.end());
  }
  copy_others(chart.layout.folder, out, changed);
  for (const auto& [name, one] : kept) {
    const fs::path mask = place_of(chart, one->found.mask, out).parent_path() / mask_name(*one);
    if (one->rewrite_mask)
      write_mask(*one, mask);
    else if (!one->mask_stem.empty())
      fs::copy_file(one->found.mask, mask);
    if (one->rewrite_image)
      write_image(one->found.image, one->image, {}, place_of(chart, one->found.image, out));
    if (!one->rewrite_image && !one->further_headers) continue;
    for (size_t i = 0; i < one->further.size(); ++i)
      write_image(one->found.further[i], one->further[i], one->image.geometry,
                  place_of(chart, one->found.further[i], out));
  }

  std::error_code error;
  if (chart.layout.kind == LayoutKind::jmedseg) {
    if (chart.new_splits || renamed || fewer) write_jmedseg_lists(chart, kept, out);
  } else if (chart.new_splits || (fewer && fs::exists(chart.layout.folder / "split.csv", error))) {
    write_split_file(chart, kept, out);
  }
  if ((fewer || chart.new_folds) && !chart.folds.empty()) write_folds(chart, kept, out);
  const bool nnunet = chart.layout.kind == LayoutKind::nnunet;
  if (!chart.new_labels && !(fewer && nnunet)) return;
  if (nnunet) fs::remove(out / "labels.json", error);
  if (chart.broken_labels) fs::remove(out / "dataset.json", error);
  write_label_names(find_layout(out), chart.labels);
}

}  // namespace tessera::io
