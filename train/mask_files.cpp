#include "train/mask_files.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "core/error.h"
#include "io/image.h"
#include "io/npy.h"
#include "io/volume_slices.h"
#include "ops/shape.h"

namespace tessera::train {

namespace fs = std::filesystem;

namespace {

bool is_array_name(const fs::path& path) {
  return path.extension() == ".npy";
}

std::vector<int32_t> whole_numbers(const Tensor& voxels, const fs::path& path) {
  const DType dtype = voxels.dtype();
  if (dtype == u8 || dtype == bool_) return voxels.to_vector<int32_t>();
  const std::vector<double> values = voxels.to_vector<double>();
  std::vector<int32_t> labels(values.size());
  constexpr double kMost = 1 << 30;
  for (size_t i = 0; i < values.size(); ++i) {
    require(values[i] == std::floor(values[i]) && std::abs(values[i]) <= kMost,
            "eval: {} holds {}, but labels must be whole numbers", path.string(), values[i]);
    labels[i] = static_cast<int32_t>(values[i]);
  }
  return labels;
}

// The files of a folder by their stems.
std::map<std::string, fs::path> files_in(const fs::path& folder, bool arrays) {
  std::map<std::string, fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const fs::path& path = entry.path();
    if (!entry.is_regular_file() || !io::is_volume_name(path) || is_array_name(path) != arrays)
      continue;
    const auto [other, added] = files.emplace(io::volume_stem(path), path);
    require(added, "eval: {} and {} are both called '{}'; keep one of them", other->second.string(),
            path.string(), other->first);
  }
  return files;
}

fs::path masks_of(const fs::path& folder) {
  return fs::is_directory(folder / "masks") ? folder / "masks" : folder;
}

// "a, b, c and 12 more".
std::string listed(const std::vector<std::string>& names) {
  constexpr size_t kShown = 5;
  const size_t shown = std::min(names.size(), kShown);
  std::string text = fmt::format("{}", fmt::join(names.begin(), names.begin() + shown, ", "));
  if (shown < names.size()) text += fmt::format(" and {} more", names.size() - shown);
  return text;
}

std::vector<MaskPair> pairs_of_folders(const fs::path& reference, const fs::path& prediction,
                                       const PairOptions& options) {
  const fs::path truth = masks_of(reference), guess = masks_of(prediction);
  auto references = files_in(truth, false), predictions = files_in(guess, false);
  auto arrays = files_in(guess, true);
  if (references.empty()) references = files_in(truth, true);
  if (predictions.empty()) predictions.swap(arrays);
  require(!references.empty(), "eval: {} holds no masks (.nii.gz, .mha, .nrrd, .npy, .png, ...)",
          truth.string());
  require(!predictions.empty(), "eval: {} holds no masks (.nii.gz, .mha, .nrrd, .npy, .png, ...)",
          guess.string());
  std::vector<MaskPair> pairs;
  std::vector<std::string> missed, invented;
  for (const auto& [name, path] : references) {
    const auto found = predictions.find(name);
    if (found == predictions.end()) {
      missed.push_back(name);
      continue;
    }
    const auto array = arrays.find(name);
    pairs.push_back({name, path, found->second, array == arrays.end() ? "" : array->second});
  }
  for (const auto& entry : predictions) {
    if (!references.contains(entry.first) && !entry.first.ends_with("_overlay")) {
      invented.push_back(entry.first);
    }
  }
  require(!pairs.empty(), "eval: no file of {} has the name of one of {}: {} there, {} here",
          guess.string(), truth.string(), listed(missed), listed(invented));
  require(options.partial || missed.empty(),
          "eval: {} references have no prediction in {}: {}; predict them too, or give --partial",
          missed.size(), guess.string(), listed(missed));
  require(options.partial || invented.empty(),
          "eval: {} predictions have no reference in {}: {}; take them away, or give --partial",
          invented.size(), truth.string(), listed(invented));
  return pairs;
}

}  // namespace

std::vector<double> MaskVolume::spacing() const {
  std::vector<double> all(static_cast<size_t>(shape.ndim()), 1);
  if (geometry) {
    std::copy(geometry->spacing.end() - shape.ndim(), geometry->spacing.end(), all.begin());
  }
  return all;
}

MaskVolume read_mask_volume(const fs::path& path) {
  MaskVolume mask;
  if (io::is_image_name(path) && !io::is_volume_file(path) && !is_array_name(path)) {
    io::LabelMap map = io::read_labels(path);
    mask.shape = {map.height, map.width};
    mask.labels = std::move(map.labels);
    return mask;
  }
  io::Volume volume = io::load_volume(path);
  const Tensor& voxels = volume.voxels;
  if (io::keeps_geometry(path)) mask.geometry = volume.geometry;
  mask.shape = voxels.shape();
  while (mask.shape.ndim() > 2 && mask.shape[0] == 1) mask.shape = mask.shape.without(0);
  require((mask.shape.ndim() == 2 || mask.shape.ndim() == 3) && voxels.numel() > 0,
          "eval: {} must be a mask [H, W] or [D, H, W], got {}", path.string(), voxels.shape());
  mask.labels = whole_numbers(voxels, path);
  return mask;
}

Probabilities read_probabilities(const fs::path& path, const Shape& shape) {
  const Tensor array = io::load_npy(path);
  require(array.ndim() == shape.ndim() + 1 && array.shape().without(0) == shape &&
              is_floating(array.dtype()),
          "eval: {} must hold probabilities [classes, ...] of a mask {}, got {} {}", path.string(),
          shape, array.dtype(), array.shape());
  return {array.shape(0), array.to_vector<float>()};
}

std::vector<MaskPair> find_mask_pairs(const fs::path& reference, const fs::path& prediction,
                                      const PairOptions& options) {
  for (const fs::path& path : {reference, prediction, options.images}) {
    require(path.empty() || fs::exists(path), "eval: {} does not exist", path.string());
  }
  const bool folder = fs::is_directory(reference);
  require(folder == fs::is_directory(prediction),
          "eval: give two folders or two files, got {} and {}", reference.string(),
          prediction.string());
  std::vector<MaskPair> pairs =
      folder ? pairs_of_folders(reference, prediction, options)
             : std::vector<MaskPair>{{io::volume_stem(reference), reference, prediction}};
  fs::path images = options.images;
  if (images.empty() && folder && fs::is_directory(reference / "images")) {
    images = reference / "images";
  }
  if (images.empty()) return pairs;
  if (!fs::is_directory(images)) {
    require(pairs.size() == 1, "eval: --images must be a folder, got {}", images.string());
    pairs[0].image = images;
    return pairs;
  }
  std::map<std::string, fs::path> found = files_in(images, false);
  found.merge(files_in(images, true));
  for (MaskPair& pair : pairs) {
    const auto image = found.find(pair.name);
    if (image != found.end()) pair.image = image->second;
  }
  return pairs;
}

void require_same_cases(const std::vector<MaskPair>& first, const std::vector<MaskPair>& second) {
  const bool same = std::equal(first.begin(), first.end(), second.begin(), second.end(),
                               [](const auto& a, const auto& b) { return a.name == b.name; });
  require(
      same || (first.size() == 1 && second.size() == 1),
      "eval: both predictions must be of the same cases, got {} and {}; take away what only one "
      "of them has",
      first.size(), second.size());
}

std::vector<double> parse_spacing(const std::string& text) {
  std::vector<double> spacing;
  const char *at = text.data(), *end = at + text.size();
  bool good = true;
  while (good && at < end) {
    double value = 0;
    const auto [next, error] = std::from_chars(at, end, value);
    good = error == std::errc() && value > 0 && std::isfinite(value) &&
           (next == end || (*next == ',' && next + 1 < end));
    spacing.push_back(value);
    at = next == end ? end : next + 1;
  }
  require(good && (spacing.size() == 2 || spacing.size() == 3),
          "eval: spacing must be 2 or 3 numbers above 0 such as 3,0.8,0.8, got '{}'", text);
  return spacing;
}

void require_same_grid(const MaskPair& pair, const MaskVolume& reference,
                       const MaskVolume& prediction, bool ignore_geometry) {
  require(reference.shape == prediction.shape,
          "eval: {} has {} voxels, but {} has {}; resample one onto the other's grid, or predict "
          "again from the same picture",
          pair.prediction.string(), prediction.shape, pair.reference.string(), reference.shape);
  if (ignore_geometry || !reference.geometry || !prediction.geometry) return;
  const io::Geometry &a = *reference.geometry, &b = *prediction.geometry;
  const double voxel = *std::min_element(a.spacing.begin(), a.spacing.end());
  double apart = 0;
  for (int corner = 0; corner < 8; ++corner) {
    double squares = 0;
    for (size_t row = 0; row < 12; row += 4) {
      double offset = a.affine[row + 3] - b.affine[row + 3];
      for (int axis = 0; axis < 3; ++axis) {
        const int there = axis - 3 + reference.shape.ndim();
        const int64_t extent = there < 0 ? 1 : reference.shape[there];
        const auto last = static_cast<double>((corner >> axis & 1) != 0 ? extent - 1 : 0);
        const size_t i = row + static_cast<size_t>(axis);
        offset += (a.affine[i] - b.affine[i]) * last;
      }
      squares += offset * offset;
    }
    apart = std::max(apart, std::sqrt(squares));
  }
  constexpr double kTolerance = 0.1;  // of a voxel: more than headers lose by rounding
  require(apart <= kTolerance * voxel,
          "eval: {} and {} lie at different places: the same voxel is {:.3g} mm apart, with "
          "spacings {:.4g} and {:.4g}; reorient or resample one of them, or give "
          "--ignore-geometry when a header is wrong",
          pair.prediction.string(), pair.reference.string(), apart, fmt::join(b.spacing, " x "),
          fmt::join(a.spacing, " x "));
}

}  // namespace tessera::train
