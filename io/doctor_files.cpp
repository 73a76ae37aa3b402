// Checks of which files there are, and of how they fit together.

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "io/dataset_split.h"
#include "io/doctor_chart.h"

namespace tessera::io {

namespace fs = std::filesystem;

namespace {

using MistakeKind = Mistake::Kind;

// The text of an error without its function and remedy.
std::string told(std::string text) {
  const size_t begin = text.find(": ");
  if (begin != std::string::npos) text = text.substr(begin + 2);
  return text.substr(0, text.find('\n'));
}

// The images or masks that have no partner.
std::vector<fs::path> unpaired_in(const Chart& chart, const fs::path& folder) {
  std::vector<fs::path> files;
  for (const Mistake& mistake : chart.layout.mistakes)
    if (mistake.kind == MistakeKind::unpaired && mistake.file.parent_path() == folder)
      files.push_back(mistake.file);
  return files;
}

// What masks have before and behind the names of their images.
struct Affix {
  std::string before, behind;
};

// The affix of most pairs, such as "_mask"; nothing when fewer than half of the masks have it.
std::optional<Affix> common_affix(const std::vector<fs::path>& images,
                                  const std::vector<fs::path>& masks) {
  std::map<std::pair<std::string, std::string>, size_t> counts;
  for (const fs::path& mask : masks) {
    const std::string name = stem_of(mask);
    for (const fs::path& image : images) {
      const std::string stem = stem_of(image);
      const size_t at = name.find(stem);
      if (at != std::string::npos && stem.size() < name.size())
        ++counts[{name.substr(0, at), name.substr(at + stem.size())}];
    }
  }
  const auto best =
      std::max_element(counts.begin(), counts.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  if (best == counts.end() || 2 * best->second < masks.size()) return {};
  return Affix{best->first.first, best->first.second};
}

bool same_pixels(const fs::path& a, const fs::path& b) {
  const ImageFacts one = examine_image(a), other = examine_image(b);
  return one.error.empty() && one.digest == other.digest;
}

// With cases that were not known before, split.csv may fit.
void read_splits_again(Chart& chart) {
  const fs::path path = chart.layout.folder / "split.csv";
  std::error_code error;
  if (!fs::exists(path, error)) return;
  std::erase_if(chart.layout.mistakes,
                [](const Mistake& one) { return one.kind == MistakeKind::split; });
  std::vector<Case> cases;
  for (const ExaminedCase& one : chart.cases) cases.push_back(one.found);
  apply_split_file(cases, path, chart.layout.mistakes);
  for (size_t i = 0; i < cases.size(); ++i) chart.cases[i].found = cases[i];
}

// The split of the rest of its group, else "train".
std::string split_of_group(const Chart& chart, const Case& one) {
  for (const ExaminedCase& other : chart.cases)
    if (!one.group.empty() && other.found.group == one.group && !other.found.split.empty())
      return other.found.split;
  return "train";
}

}  // namespace

void check_names(Chart& chart) {
  for (const Mistake& mistake : chart.layout.mistakes) {
    if (mistake.kind != MistakeKind::collision) continue;
    const std::string stem = stem_of(mistake.file);
    const auto one =
        std::find_if(chart.cases.begin(), chart.cases.end(),
                     [&](const ExaminedCase& other) { return other.found.name == stem; });
    chart.dropped.push_back(mistake.file);
    const bool is_image =
        one != chart.cases.end() && one->found.image.parent_path() == mistake.file.parent_path();
    const fs::path first = one == chart.cases.end() ? fs::path()
                           : is_image               ? one->found.image
                                                    : one->found.mask;
    const std::string problem = fmt::format("has the same name as {}", first.filename().string());
    if (one == chart.cases.end() || same_pixels(first, mistake.file))
      chart.add(mistake.file, problem + ", and the same content", "left out");
    else
      chart.leave_out(*one, mistake.file, problem + ", but shows something else");
  }
}

void check_pairs(Chart& chart) {
  const std::vector<fs::path> images = unpaired_in(chart, chart.layout.images),
                              masks = unpaired_in(chart, chart.layout.masks);
  std::map<std::string, fs::path> image_of;
  for (const fs::path& image : images) image_of[stem_of(image)] = image;
  std::set<fs::path> paired;
  const auto affix = common_affix(images, masks);
  for (const fs::path& mask : masks) {
    if (!affix) break;
    const std::string name = stem_of(mask);
    const size_t extra = affix->before.size() + affix->behind.size();
    if (name.size() <= extra || !name.starts_with(affix->before) || !name.ends_with(affix->behind))
      continue;
    const auto image = image_of.find(name.substr(affix->before.size(), name.size() - extra));
    if (image == image_of.end() || paired.contains(image->second)) continue;
    ExaminedCase one{.found = {.name = image->first, .image = image->second, .mask = mask},
                     .image = examine_image(image->second),
                     .mask = examine_mask(mask),
                     .mask_stem = image->first};
    chart.add(mask, "has another name than its image",
              fmt::format("called {}, as its image", image->first));
    if (chart.layout.kind == LayoutKind::nnunet) one.found.split = "train";
    chart.cases.push_back(std::move(one));
    paired.insert(mask);
    paired.insert(image->second);
  }
  if (!paired.empty()) read_splits_again(chart);
  for (const Mistake& mistake : chart.layout.mistakes) {
    if (mistake.kind != MistakeKind::unpaired || paired.contains(mistake.file)) continue;
    const bool is_mask = mistake.file.parent_path() == chart.layout.masks;
    chart.dropped.push_back(mistake.file);
    chart.add(mistake.file, is_mask ? "has no image" : "has no mask", "left out");
  }
}

void check_channels(Chart& chart) {
  for (const Mistake& mistake : chart.layout.mistakes) {
    if (mistake.kind != MistakeKind::channels) continue;
    chart.add(mistake.file, told(mistake.text), "left out, with its images");
    chart.dropped.push_back(mistake.file);
    const std::string stem = stem_of(mistake.file) + "_";
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(chart.layout.images, error))
      if (entry.path().filename().string().starts_with(stem) &&
          std::none_of(chart.cases.begin(), chart.cases.end(),
                       [&](const ExaminedCase& one) { return one.found.image == entry.path(); }))
        chart.dropped.push_back(entry.path());
  }
}

void check_split_files(Chart& chart) {
  bool stated = false;
  for (const Mistake& mistake : chart.layout.mistakes) {
    if (mistake.kind != MistakeKind::split) continue;
    chart.new_splits = true;
    chart.add(mistake.file, told(mistake.text), "the list is written anew for the cases there are");
  }
  for (const ExaminedCase& one : chart.cases) stated |= !one.found.split.empty();
  if (!stated) return;
  for (ExaminedCase& one : chart.cases) {
    if (one.leave_out || !one.found.split.empty()) continue;
    one.found.split = split_of_group(chart, one.found);
    chart.new_splits = true;
    chart.note(one.found.image,
               fmt::format("is in no split; the copy has it in {}", one.found.split));
  }
}

void check_readable(Chart& chart) {
  for (ExaminedCase& one : chart.cases) {
    if (one.leave_out) continue;
    fs::path file = one.found.image;
    std::string error = one.image.error;
    for (size_t i = 0; i < one.further.size() && error.empty(); ++i) {
      file = one.found.further[i];
      error = one.further[i].error;
    }
    if (error.empty()) {
      file = one.found.mask;
      error = one.mask.error;
    }
    if (!error.empty()) chart.leave_out(one, file, "cannot be read: " + told(error));
  }
}

}  // namespace tessera::io
