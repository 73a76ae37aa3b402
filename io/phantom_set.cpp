#include "io/phantom_set.h"

#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "io/csv.h"
#include "io/dataset_split.h"
#include "io/json_file.h"
#include "io/palette.h"
#include "io/volume.h"

namespace tessera::io {

namespace {

namespace fs = std::filesystem;

// A belly of 400 mm by 160 mm. Rows run to the patient's left, columns to the back, slices down.
Geometry geometry_of_organs(const SceneSize& size) {
  constexpr double kAcross = 400, kLong = 160;
  const double in_plane = kAcross / static_cast<double>(std::min(size.height, size.width));
  const double between = kLong / static_cast<double>(size.depth);
  return geometry_of({.steps = {{{in_plane, 0, 0}, {0, in_plane, 0}, {0, 0, -between}}}},
                     World::lps, "phantom");
}

Volume volume_of(const Tensor& voxels, const SceneSize& size, ElementType stored) {
  return {voxels, geometry_of_organs(size), stored};
}

// In Hounsfield units: air is -1000, fat about -100, bone several hundred.
void write_volume_image(const Phantom& phantom, const fs::path& path) {
  constexpr double kAir = -1000, kRange = 2400;
  std::vector<int32_t> voxels;
  voxels.reserve(phantom.image.size());
  for (const float value : phantom.image)
    voxels.push_back(static_cast<int32_t>(std::lround(kAir + kRange * value)));
  const SceneSize& size = phantom.size;
  save_volume(volume_of(tensor<int32_t>(voxels, {size.depth, size.height, size.width}), size,
                        {ElementType::Kind::signed_integer, 2}),
              path);
}

void write_image(const Phantom& phantom, const fs::path& path) {
  Image image(1, phantom.size.height, phantom.size.width);
  image.pixels = phantom.image;
  write_png(image, path);
}

void write_mask(const SceneSize& size, const std::vector<uint8_t>& mask, const PhantomKind& kind,
                const fs::path& path) {
  if (kind.is_volume) {
    save_volume(volume_of(tensor<uint8_t>(mask, {size.depth, size.height, size.width}), size,
                          {ElementType::Kind::unsigned_integer, 1}),
                path);
    return;
  }
  LabelMap labels(size.height, size.width);
  labels.labels.assign(mask.begin(), mask.end());
  write_png(labels, path, class_palette(static_cast<int64_t>(kind.labels.size())));
}

void write_split(const std::vector<std::string>& stems, uint64_t seed, const fs::path& path) {
  constexpr double kShare = 0.15;
  std::vector<Case> cases;
  cases.reserve(stems.size());
  for (const std::string& stem : stems) cases.push_back({.name = stem, .image = {}});
  split_by_group_(cases, kShare, kShare, seed);
  Csv csv{.name = path.string(), .columns = {"stem", "split"}, .rows = {}, .lines = {}};
  for (const Case& one : cases) csv.rows.push_back({one.name, one.split});
  write_csv(csv, path);
}

}  // namespace

void write_phantoms(const PhantomKind& kind, const PhantomOptions& o, int64_t cases,
                    const fs::path& folder, Progress* progress) {
  constexpr int64_t kMost = 100000;
  require(cases >= 1 && cases <= kMost, "data: cases must lie in [1, {}], got {}", kMost, cases);
  require(!fs::exists(folder / "images"),
          "data: {} holds a dataset already; give another --out, or remove it", folder.string());
  std::vector<fs::path> masks = {folder / "masks"};
  for (int64_t r = 1; r <= o.raters; ++r)
    masks.push_back(folder / ("masks_rater" + std::to_string(r)));
  std::vector<std::string> stems;
  for (int64_t number = 1; number <= cases; ++number) {
    const Phantom phantom = make_phantom(kind, o, number);
    if (number == 1) {  // what is impossible was refused before anything is written
      fs::create_directories(folder / "images");
      for (const fs::path& one : masks) fs::create_directories(one);
    }
    stems.push_back(fmt::format("{}_{:04}", kind.name, number));
    const std::string file = stems.back() + (kind.is_volume ? ".nii.gz" : ".png");
    kind.is_volume ? write_volume_image(phantom, folder / "images" / file)
                   : write_image(phantom, folder / "images" / file);
    write_mask(phantom.size, phantom.mask, kind, masks[0] / file);
    for (size_t r = 0; r < phantom.raters.size(); ++r)
      write_mask(phantom.size, phantom.raters[r], kind, masks[r + 1] / file);
    if (progress != nullptr) progress->advance();
  }
  save_json(Json(kind.labels), folder / "labels.json");
  write_split(stems, o.seed, folder / "split.csv");
}

}  // namespace tessera::io
