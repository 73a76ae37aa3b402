#include "io/image_list.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "io/dataset_layout.h"
#include "io/volume_slices.h"

namespace tessera::io {

namespace fs = std::filesystem;

namespace {

// Of "case_0001": "case" and 1.
struct Numbered {
  std::string stem;
  int64_t number = -1;  // -1: there is none
};

Numbered numbered(const fs::path& path) {
  constexpr size_t kDigits = 4;
  const std::string stem = stem_of(path);
  if (stem.size() < kDigits + 2 || stem[stem.size() - kDigits - 1] != '_') return {stem};
  const std::string digits = stem.substr(stem.size() - kDigits);
  const bool all =
      std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!all) return {stem};
  return {stem.substr(0, stem.size() - kDigits - 1), std::stoll(digits)};
}

// The file that is another channel of the same image.
fs::path sibling(const fs::path& path, int64_t number) {
  const std::string ending = path.filename().string().substr(stem_of(path).size());
  return path.parent_path() / fmt::format("{}_{:04}{}", numbered(path).stem, number, ending);
}

// Whether the files are channels of images, and not images that are numbered.
bool are_channels(const std::vector<fs::path>& files, int64_t channels) {
  const auto all = [&](auto&& holds) { return std::all_of(files.begin(), files.end(), holds); };
  if (channels == 1) return all([](const fs::path& file) { return numbered(file).number == 0; });
  if (all([](const fs::path& file) { return numbered(file).number < 0; })) return false;
  return all([&](const fs::path& file) {
    return is_volume_file(file) ||
           (numbered(file).number < channels && read_image_size(file).channels != channels);
  });
}

}  // namespace

std::vector<Case> list_images(const fs::path& path, int64_t channels) {
  std::error_code error;
  std::vector<fs::path> files;
  if (fs::is_regular_file(path, error)) {
    files.push_back(path);
    for (int64_t c = 0; c < channels && channels > 1 && numbered(path).number >= 0; ++c)
      if (const fs::path other = sibling(path, c); other != path && fs::exists(other, error))
        files.push_back(other);
  } else {
    require(fs::is_directory(path, error), "list_images: {} does not exist", path.string());
    const bool nested = fs::is_directory(path / "images", error);
    files = find_images(nested ? path / "images" : path);
  }
  std::vector<Case> cases;
  if (channels == 0 || !are_channels(files, channels)) {
    for (const fs::path& file : files) cases.push_back({.name = stem_of(file), .image = file});
    return cases;
  }
  std::map<std::string, std::map<int64_t, fs::path>> images;
  for (const fs::path& file : files) {
    const auto [stem, number] = numbered(file);
    images[stem][std::max<int64_t>(number, 0)] = file;
  }
  for (const auto& [stem, parts] : images) {
    std::vector<int64_t> there;
    Case one{.name = stem, .image = {}};
    for (const auto& [number, file] : parts) {
      there.push_back(number);
      (one.image.empty() ? one.image : one.further.emplace_back()) = file;
    }
    const bool single = there.size() == 1 && numbered(one.image).number < 0;  // perhaps of many
    require(single || (std::ssize(there) == channels && there.back() == channels - 1),
            "list_images: {} has the channels {} ({}), but the network takes the {} from 0 on",
            stem, fmt::join(there, ", "), one.image.filename().string(), channels);
    cases.push_back(std::move(one));
  }
  return cases;
}

}  // namespace tessera::io
