#include "io/dataset_layout.h"

#include <algorithm>
#include <iterator>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "io/dataset_split.h"
#include "io/json_file.h"
#include "io/volume_slices.h"

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

std::map<std::string, fs::path> files_by_stem(const fs::path& folder, bool volumes,
                                              std::vector<Mistake>& mistakes) {
  std::map<std::string, fs::path> files;
  std::string other;
  for (const std::string& name : names_in(folder)) {
    const fs::path path = folder / name;
    if (name.starts_with(".") || !is_file(path)) continue;
    if (!is_image_name(path) && !(volumes && is_volume_file(path))) {
      other = name;
      continue;
    }
    const auto [place, added] = files.emplace(stem_of(path), path);
    if (!added)
      mistakes.push_back({Mistake::Kind::collision, path,
                          fmt::format("open_dataset: {} and {} have the same name; rename or "
                                      "remove one",
                                      place->second.string(), path.string())});
  }
  require(!files.empty(),
          "open_dataset: {} has no pictures (.png, .jpg, .bmp, .pgm, .ppm, .npy){}{}",
          folder.string(), volumes ? " and no volumes" : "",
          other.empty() ? "" : ", only files such as " + other);
  return files;
}

// The images of each mask by their channel; "" where the stems are equal.
using Channels = std::map<std::string, fs::path>;

// The stem of a mask that an image called <stem>_<channel> belongs to; empty when there is none.
std::string mask_of(const std::string& image, const std::map<std::string, fs::path>& masks,
                    const std::map<std::string, fs::path>& images) {
  for (size_t end = image.rfind('_'); end != std::string::npos && end > 0;
       end = image.rfind('_', end - 1)) {
    const std::string stem = image.substr(0, end);
    if (masks.contains(stem)) return images.contains(stem) ? "" : stem;
  }
  return {};
}

std::vector<std::string> names_of(const Channels& channels) {
  std::vector<std::string> names;
  for (const auto& entry : channels) names.push_back(entry.first);
  return names;
}

// The channels that most cases have.
std::vector<std::string> usual_channels(const std::map<std::string, Channels>& cases) {
  std::map<std::vector<std::string>, int64_t> counts;
  for (const auto& entry : cases) ++counts[names_of(entry.second)];
  const auto most =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == counts.end() ? std::vector<std::string>() : most->first;
}

// A mask that a list of JMedSeg names.
struct Listed {
  std::string mask, patient;
  std::vector<std::string> annotated;
};

// The masks in {"patient": {"scan": {"list": [...], "annotated": [...]}}}; the last is optional.
std::vector<Listed> read_jmedseg_list(const fs::path& path) {
  const std::string name = "open_dataset: " + path.string();
  const Json patients = load_json(path);
  const auto require_object = [&](const Json& json, const std::string& what) {
    require(json.is_object(), "{}: {} must be an object, got {}", name, what, json.type_name());
  };
  require_object(patients, "the whole");
  std::vector<Listed> masks;
  for (const auto& [patient, scans] : patients.items()) {
    require_object(scans, fmt::format("patient \"{}\"", patient));
    for (const auto& [scan, content] : scans.items()) {
      const std::string where = fmt::format("{}: scan \"{}\"", name, scan);
      const auto annotated = field<std::vector<std::string>>(content, "annotated", {}, where);
      for (const std::string& mask : field<std::vector<std::string>>(content, "list", where)) {
        require(mask.find_first_of("/\\") == std::string::npos && mask != "..",
                "{}: \"{}\" must be the name of a file in label/, not a path", name, mask);
        if (is_image_name(mask)) masks.push_back({mask, patient, annotated});
      }
    }
  }
  return masks;
}

void find_jmedseg_cases(DatasetLayout& layout) {
  const auto images = files_by_stem(layout.images, false, layout.mistakes);
  const auto mistake = [&](Mistake::Kind kind, const fs::path& file, const std::string& text) {
    layout.mistakes.push_back({kind, file, "open_dataset: " + text});
  };
  std::map<std::string, Case> cases;
  for (const std::string split : kSplits) {
    const fs::path list = layout.folder / (split + "_label.json");
    if (!is_file(list)) continue;
    for (const auto& [mask, patient, annotated] : read_jmedseg_list(list)) {
      const fs::path path = layout.masks / mask;
      const std::string stem = stem_of(path);
      const auto image = images.find(stem);
      if (!is_file(path)) {
        mistake(Mistake::Kind::split, list,
                fmt::format("{} names {}, which does not exist", list.string(), path.string()));
      } else if (image == images.end()) {
        mistake(Mistake::Kind::unpaired, path,
                fmt::format("{} has no image called {} in {}", path.string(), stem,
                            layout.images.string()));
      } else if (!cases
                      .emplace(stem, Case{.name = stem,
                                          .image = image->second,
                                          .mask = path,
                                          .group = patient,
                                          .split = split,
                                          .annotated = annotated})
                      .second) {
        mistake(Mistake::Kind::split, list,
                fmt::format("{} names {} a second time (the first is for {})", list.string(), mask,
                            cases[stem].split));
      }
    }
  }
  for (auto& [stem, one] : cases) layout.cases.push_back(std::move(one));
}

// nnU-Net's folders: all cases are for training, but those of labelsTs.
void find_nnunet_cases(DatasetLayout& layout) {
  layout.cases = pair_files(layout.images, layout.masks, layout.mistakes);
  for (Case& one : layout.cases) one.split = "train";
  if (!is_folder(layout.folder / "labelsTs")) return;
  for (Case& one :
       pair_files(layout.folder / "imagesTs", layout.folder / "labelsTs", layout.mistakes)) {
    one.split = "test";
    layout.cases.push_back(std::move(one));
  }
  std::sort(layout.cases.begin(), layout.cases.end(),
            [](const Case& a, const Case& b) { return a.name < b.name; });
}

}  // namespace

std::string stem_of(const fs::path& path) {
  return is_case_name(path) ? volume_stem(path) : path.stem().string();
}

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

bool is_case_name(const fs::path& path) {
  return is_image_name(path) || is_volume_file(path);
}

std::map<std::string, fs::path> files_by_stem(const fs::path& folder,
                                              std::vector<Mistake>& mistakes) {
  return files_by_stem(folder, true, mistakes);
}

std::vector<fs::path> find_images(const fs::path& folder) {
  std::vector<Mistake> mistakes;
  std::vector<fs::path> sorted;
  for (auto& [stem, path] : files_by_stem(folder, true, mistakes)) sorted.push_back(path);
  if (!mistakes.empty()) fail(mistakes[0].text);
  return sorted;
}

std::vector<Case> pair_files(const fs::path& image_folder, const fs::path& mask_folder,
                             std::vector<Mistake>& mistakes) {
  const auto images = files_by_stem(image_folder, true, mistakes);
  const auto masks = files_by_stem(mask_folder, true, mistakes);
  std::map<std::string, Channels> channels_of;
  for (const auto& [stem, image] : images) {
    const std::string mask = masks.contains(stem) ? stem : mask_of(stem, masks, images);
    if (mask.empty())
      mistakes.push_back({Mistake::Kind::unpaired, image,
                          fmt::format("open_dataset: {} has no mask; add one called {} with any "
                                      "known extension, or remove the image",
                                      image.string(), (mask_folder / stem).string())});
    else
      channels_of[mask][stem.size() > mask.size() ? stem.substr(mask.size() + 1) : ""] = image;
  }
  for (const auto& [stem, mask] : masks)
    if (!channels_of.contains(stem))
      mistakes.push_back({Mistake::Kind::unpaired, mask,
                          fmt::format("open_dataset: {} has no image; add one or remove the mask",
                                      mask.string())});

  const std::vector<std::string> usual = usual_channels(channels_of);
  std::vector<Case> cases;
  for (const auto& [stem, channels] : channels_of) {
    Case one{.name = stem, .image = channels.begin()->second, .mask = masks.at(stem)};
    for (auto entry = std::next(channels.begin()); entry != channels.end(); ++entry)
      one.further.push_back(entry->second);
    if (names_of(channels) == usual)
      cases.push_back(std::move(one));
    else
      mistakes.push_back(
          {Mistake::Kind::channels, one.mask,
           fmt::format("open_dataset: {} has the channels {}, but other cases have "
                       "{}; complete it or remove it",
                       stem, fmt::join(names_of(channels), ", "), fmt::join(usual, ", "))});
  }
  return cases;
}

DatasetLayout recognise_layout(const fs::path& folder) {
  const std::string name = folder.string();
  require(fs::exists(fs::symlink_status(folder)), "open_dataset: {} does not exist", name);
  require(is_folder(folder), "open_dataset: {} is not a folder", name);
  const std::pair<const char*, const char*> pairs[] = {
      {"images", "masks"}, {"data", "label"}, {"imagesTr", "labelsTr"}};
  for (size_t i = 0; i < std::size(pairs); ++i) {
    const auto [images, masks] = pairs[i];
    if (is_folder(folder / images) && is_folder(folder / masks))
      return {static_cast<LayoutKind>(i), folder, folder / images, folder / masks, {}, {}};
  }
  for (const auto& [images, masks] : {pairs[0], pairs[2]}) {
    const bool one = is_folder(folder / images), other = is_folder(folder / masks);
    require(!one && !other, "open_dataset: {} has {}/ but no {}/ beside it", name,
            one ? images : masks, one ? masks : images);
  }
  fail(
      fmt::format("open_dataset: {} must have images/ and masks/, or data/, label/ and "
                  "train_label.json, or imagesTr/ and labelsTr/",
                  name));
}

DatasetLayout find_layout(const fs::path& folder) {
  DatasetLayout layout = recognise_layout(folder);
  if (layout.kind == LayoutKind::jmedseg) {
    const bool lists = std::any_of(std::begin(kSplits), std::end(kSplits), [&](const char* split) {
      return is_file(folder / (std::string(split) + "_label.json"));
    });
    require(
        lists,
        "open_dataset: {} has data/ and label/, but no train_label.json; `tessera dataset init` "
        "writes one",
        folder.string());
    find_jmedseg_cases(layout);
    return layout;
  }
  if (layout.kind == LayoutKind::nnunet)
    find_nnunet_cases(layout);
  else
    layout.cases = pair_files(layout.images, layout.masks, layout.mistakes);
  if (is_file(folder / "split.csv"))
    apply_split_file(layout.cases, folder / "split.csv", layout.mistakes);
  return layout;
}

std::vector<Case> find_cases(const fs::path& folder) {
  DatasetLayout layout = find_layout(folder);
  if (!layout.mistakes.empty()) fail(layout.mistakes[0].text);
  return std::move(layout.cases);
}

}  // namespace tessera::io
