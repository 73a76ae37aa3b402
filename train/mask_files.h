#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/shape.h"
#include "io/volume.h"

namespace tessera::train {

// A mask as its file stores it, a picture or a volume.
//
// labels    row-major over shape, [H, W] or [D, H, W]
// geometry  of files that tell it; pictures have none
struct MaskVolume {
  Shape shape;
  std::vector<int32_t> labels;
  std::optional<io::Geometry> geometry;

  std::vector<double> spacing() const;  // one for each axis, in mm; 1 where nobody knows
};

// Reads pictures as io::read_labels does, and whatever io::load_volume reads whose voxels are whole
// numbers. A volume of a single slice is a picture. Throws Error naming the file when it cannot be
// read, does not have 2 or 3 axes, or holds something else than labels.
MaskVolume read_mask_volume(const std::filesystem::path& path);

// Probabilities f32 [classes, H, W] or [classes, D, H, W] from a .npy file, for a mask of that
// shape. Throws Error naming the file when they have another one.
struct Probabilities {
  int64_t classes = 0;
  std::vector<float> values;
};
Probabilities read_probabilities(const std::filesystem::path& path, const Shape& shape);

// One case: the reference, what was predicted, and a picture to show both on.
struct MaskPair {
  std::string name;
  std::filesystem::path reference, prediction;
  std::filesystem::path probabilities = {};  // .npy with the classes in front; empty: none
  std::filesystem::path image = {};          // empty: none
};

struct PairOptions {
  bool partial = false;               // compare what both folders have, and leave out the rest
  std::filesystem::path images = {};  // folder of pictures or volumes of the same stems
};

// The cases of two files or two folders, which belong together by their stems ("a.nii.gz" is "a"),
// in the order of these. A folder with masks/ in it stands for that, and images/ beside it are the
// pictures. `probabilities` are files .npy beside masks of the same stem, as `tessera predict`
// writes them; its overlays are left out. Throws Error naming what is missing on either side.
std::vector<MaskPair> find_mask_pairs(const std::filesystem::path& reference,
                                      const std::filesystem::path& prediction,
                                      const PairOptions& options = {});

// Distances of voxels, "3,0.8,0.8" or "0.5,0.5". Throws Error when these are not 2 or 3 numbers
// above 0.
std::vector<double> parse_spacing(const std::string& text);

// Throws Error unless both predictions are of the same cases.
void require_same_cases(const std::vector<MaskPair>& first, const std::vector<MaskPair>& second);

// Throws Error naming both files unless they lie on the same grid: the same shape and, when both
// have a geometry and it is not to be ignored, the same places in the patient up to a tenth of a
// voxel.
void require_same_grid(const MaskPair& pair, const MaskVolume& reference,
                       const MaskVolume& prediction, bool ignore_geometry);

}  // namespace tessera::train
