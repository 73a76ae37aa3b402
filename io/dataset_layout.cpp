#include "io/dataset_layout.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "core/error.h"
#include "io/csv.h"
#include "io/draws.h"
#include "io/json_file.h"

namespace tessera::io {

namespace fs = std::filesystem;

namespace {

constexpr const char* kSplits[] = {"train", "val", "test"};

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

// The names in a folder, sorted.
std::vector<std::string> names_in(const fs::path& folder) {
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
       entry.increment(error))
    names.push_back(entry->path().filename().string());
  require(!error, "open_dataset: {} cannot be read: {}", folder.string(), error.message());
  std::sort(names.begin(), names.end());
  return names;
}

std::map<std::string, fs::path> by_stem(const fs::path& folder) {
  std::map<std::string, fs::path> files;
  for (const fs::path& file : find_images(folder)) files[file.stem().string()] = file;
  return files;
}

// Which splits, and groups, the rows of split.csv give to the stems.
void apply_split_file(std::vector<Case>& cases, const fs::path& path) {
  const Csv table = read_csv(path);
  const size_t stem = table.column("stem"), split = table.column("split");
  constexpr std::array<const char*, 8> groups = {"group",      "patient", "patient_id", "subject",
                                                 "subject_id", "person",  "child",      "animal"};
  const auto* group =
      std::find_if(groups.begin(), groups.end(), [&](const char* name) { return table.has(name); });

  std::map<std::string, Case*> by_name;
  for (Case& one : cases) by_name[one.name] = &one;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    const std::vector<std::string>& cells = table.rows[row];
    const auto found = by_name.find(cells[stem]);
    require(found != by_name.end(),
            "open_dataset: {} names \"{}\", but there is no image of that name; add it or remove "
            "the row",
            table.place(row), cells[stem]);
    Case& one = *found->second;
    require(one.split.empty(), "open_dataset: {} names \"{}\" a second time", table.place(row),
            cells[stem]);
    require(!cells[split].empty(), "open_dataset: {} gives \"{}\" no split", table.place(row),
            cells[stem]);
    one.split = cells[split];
    if (group != groups.end()) one.group = cells[table.column(*group)];
  }
  for (const Case& one : cases)
    require(!one.split.empty(), "open_dataset: {} has no row for {}; add one or remove the image",
            path.string(), one.image.string());
}

std::vector<Case> find_folder_cases(const fs::path& folder) {
  const auto images = by_stem(folder / "images"), masks = by_stem(folder / "masks");
  std::vector<Case> cases;
  for (const auto& [stem, image] : images) {
    const auto mask = masks.find(stem);
    require(mask != masks.end(),
            "open_dataset: {} has no mask; add one called {} with any known extension, or remove "
            "the image",
            image.string(), (folder / "masks" / stem).string());
    cases.push_back({.name = stem, .image = image, .mask = mask->second});
  }
  for (const auto& [stem, mask] : masks)
    require(images.count(stem) > 0, "open_dataset: {} has no image; add one or remove the mask",
            mask.string());
  if (is_file(folder / "split.csv")) apply_split_file(cases, folder / "split.csv");
  return cases;
}

// The names of masks in {"patient": {"scan": {"list": [...]}}}, each with its patient.
std::vector<std::pair<std::string, std::string>> read_jmedseg_list(const fs::path& path) {
  const std::string name = "open_dataset: " + path.string();
  const Json patients = load_json(path);
  const auto require_object = [&](const Json& json, const std::string& what) {
    require(json.is_object(), "{}: {} must be an object, got {}", name, what, json.type_name());
  };
  require_object(patients, "the whole");
  std::vector<std::pair<std::string, std::string>> masks;
  for (const auto& [patient, scans] : patients.items()) {
    require_object(scans, fmt::format("patient \"{}\"", patient));
    for (const auto& [scan, content] : scans.items()) {
      const std::string where = fmt::format("{}: scan \"{}\"", name, scan);
      for (const std::string& mask : field<std::vector<std::string>>(content, "list", where)) {
        require(mask.find_first_of("/\\") == std::string::npos && mask != "..",
                "{}: \"{}\" must be the name of a file in label/, not a path", name, mask);
        if (is_image_name(mask)) masks.emplace_back(mask, patient);
      }
    }
  }
  return masks;
}

std::vector<Case> find_jmedseg_cases(const fs::path& folder) {
  const auto images = by_stem(folder / "data");
  std::map<std::string, Case> cases;
  for (const std::string split : kSplits) {
    const fs::path list = folder / (split + "_label.json");
    if (!is_file(list)) continue;
    for (const auto& [mask, patient] : read_jmedseg_list(list)) {
      const fs::path path = folder / "label" / mask;
      const std::string stem = path.stem().string();
      require(is_file(path), "open_dataset: {} names {}, which does not exist", list.string(),
              path.string());
      const auto image = images.find(stem);
      require(image != images.end(), "open_dataset: {} has no image called {} in {}", path.string(),
              stem, (folder / "data").string());
      Case one{
          .name = stem, .image = image->second, .mask = path, .group = patient, .split = split};
      const bool added = cases.emplace(stem, one).second;
      require(added, "open_dataset: {} names {} a second time (the first is for {})", list.string(),
              mask, cases[stem].split);
    }
  }
  std::vector<Case> sorted;
  sorted.reserve(cases.size());
  for (auto& [stem, one] : cases) sorted.push_back(std::move(one));
  return sorted;
}

}  // namespace

std::vector<fs::path> find_images(const fs::path& folder) {
  std::map<std::string, fs::path> files;
  std::string other;
  for (const std::string& name : names_in(folder)) {
    const fs::path path = folder / name;
    if (name.starts_with(".") || !is_file(path)) continue;
    if (!is_image_name(path)) {
      other = name;
      continue;
    }
    const auto [place, added] = files.emplace(path.stem().string(), path);
    require(added, "open_dataset: {} and {} have the same name; rename or remove one",
            place->second.string(), path.string());
  }
  require(
      !files.empty(),
      "open_dataset: {} has no pictures (.png, .jpg, .bmp, .pgm, .ppm, .npy){}; volumes have to "
      "be saved as slices",
      folder.string(), other.empty() ? "" : ", only files such as " + other);
  std::vector<fs::path> sorted;
  sorted.reserve(files.size());
  for (auto& [stem, path] : files) sorted.push_back(std::move(path));
  return sorted;
}

std::vector<Case> find_cases(const fs::path& folder) {
  const std::string name = folder.string();
  require(fs::exists(fs::symlink_status(folder)), "open_dataset: {} does not exist", name);
  require(is_folder(folder), "open_dataset: {} is not a folder", name);
  const bool images = is_folder(folder / "images"), masks = is_folder(folder / "masks");
  if (images && masks) return find_folder_cases(folder);
  require(!images && !masks, "open_dataset: {} has {}/ but no {}/ beside it", name,
          images ? "images" : "masks", images ? "masks" : "images");
  const bool lists = std::any_of(std::begin(kSplits), std::end(kSplits), [&](const char* split) {
    return is_file(folder / (std::string(split) + "_label.json"));
  });
  require(lists && is_folder(folder / "data") && is_folder(folder / "label"),
          "open_dataset: {} must have images/ and masks/, or data/, label/ and train_label.json",
          name);
  return find_jmedseg_cases(folder);
}

void split_by_group_(std::vector<Case>& cases, double val, double test, uint64_t seed) {
  require(val >= 0 && test >= 0 && val + test < 1,
          "open_dataset: shares for validation and test must be at least 0 and together below 1, "
          "got {} and {}",
          val, test);
  const auto group_of = [](const Case& one) { return one.group.empty() ? one.name : one.group; };
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

}  // namespace tessera::io
