#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/image.h"

namespace tessera::io {

class VolumeCache;

// One image and, unless it is only to be predicted, its mask: a picture, or a slice of a volume.
struct Case {
  std::string name;                 // unique in its set: the file name without extension
  std::filesystem::path image;      // a picture or volume
  std::filesystem::path mask = {};  // of the same size; empty when there is none
  std::string group = {};  // whose picture it is, such as the patient; empty when not known
  std::string split = {};  // "train", "val", "test", or another name such as "test_other_site"
  ImageSize size = {};     // of the image; all 0 when it was not read yet
  double foreground = 0;   // share of pixels whose class is not 0, in [0, 1]
  std::vector<int64_t> pixels = {};                 // of each class in its mask
  std::vector<std::filesystem::path> further = {};  // channels behind those of `image`
  std::string volume = {};                          // of a slice: the name of its volume
  int64_t slice = -1;  // which slice of the volume; -1 for a picture, or for a volume as a whole
  int axis = 0;        // across which axis of the volume (d, h, w) slices are
  int64_t depth = 1;   // of a volume as a whole: its slices
  // The classes that were looked for in its mask; empty: all of them. Where the mask is 0, others
  // may be.
  std::vector<std::string> annotated = {};
};

struct DatasetOptions {
  std::vector<std::string> labels =
      {};  // names of classes 0, 1, ...; empty: labels.json, or numbers
  // What the masks store for class 0, 1, ..., such as {0, 255}. Empty: the class indices.
  std::vector<int32_t> mask_values = {};
  // A stored value that belongs to no class; it stays in the masks, for losses that ignore it.
  std::optional<int32_t> ignore = {};
  double val = 0.15, test = 0.15;  // shares of the groups, where the folder names no split
  uint64_t seed = 0;               // of that choice
  // Train and val as this fold of splits_final.json has them; -1: as the folder says.
  int64_t fold = -1;
  bool whole_volumes = false;               // a volume is one case, not one for each slice
  int64_t volume_bytes = int64_t{1} << 30;  // of volumes kept in memory, at most
};

// A set of cases in a fixed order (by name), checked when it was opened.
struct Dataset {
  std::filesystem::path folder;
  std::vector<Case> cases;
  int64_t channels = 0;              // most channels of any image: 1 or 3, or as many as stored
  std::vector<std::string> labels;   // names of the classes; "0", "1", ... when nobody named them
  std::vector<int64_t> pixels;       // of each class, over all masks
  std::vector<int32_t> mask_values;  // as in the options
  std::optional<int32_t> ignore;     // as in the options
  std::string split_rule;            // who chose the split, in words
  std::vector<std::string> notes;    // what is no mistake but should be known, in sentences
  std::shared_ptr<VolumeCache> volumes;  // that slices are read from; shared by copies of the set

  int64_t classes() const { return static_cast<int64_t>(labels.size()); }
  std::vector<std::string> splits() const;  // the names there are; train, val, test first

  // The cases of a split, in order. "test" also takes the splits whose names begin with "test_",
  // and so does every other name. Throws Error naming the splits there are when it has no case.
  std::vector<Case> split(const std::string& name) const;
};

// Opens a folder of pictures or volumes with masks, in one of three layouts.
//
// - `images/` and `masks/` with files of equal stems (a.jpg, a.png), or with the channels of an
//   image in files a_X, a_Y for a mask a. `split.csv` may name the split of each stem, its
//   patient in a column such as `group`, `patient`, `subject` or `child`, and in `annotated` the
//   classes that were looked for in its mask, as in "liver;spleen" (nothing: all).
// - `data/` and `label/` with train_label.json, val_label.json, test_label.json as JMedSeg has
//   them: {patient: {scan: {"list": [names of masks]}}}; a scan may have "annotated": ["liver"].
// - `imagesTr/` and `labelsTr/` as nnU-Net has them: case_0000.nii.gz, case_0001.nii.gz, ... are
//   the channels of case.nii.gz, `dataset.json` names the classes. Cases of `imagesTs/` are for
//   testing when there is `labelsTs/`; `split.csv` is read here, too.
//
// A volume becomes one case for each of its slices across the axis with the largest spacing:
// `a_s007` of volume `a`, which is their group when no patient is known. The geometries of a
// volume, its further channels and its mask must agree but for rounding.
//
// `labels.json` may name the classes: ["background", "brain"] or {"background": 0, "brain": 1}.
//
// Without split.csv the groups (each case, when no column tells) are divided by the seed. When no
// case is for validation, cases are taken from "train" in the same way. Every mask is read once,
// to find the classes, to count pixels and to meet mistakes now and not after an hour.
//
// Throws Error naming the file and the remedy: no such folder, no cases, a mask without image or an
// image without mask, names that collide, sizes that differ, labels out of range, masks that hold
// something else than class indices.
Dataset open_dataset(const std::filesystem::path& folder, const DatasetOptions& options = {});

// Which classes were looked for in the mask of a case, 1 or 0 for each; the background always.
std::vector<uint8_t> annotated_classes(const Dataset& set, const Case& which);

// The image of a case, with all its channels. Throws Error as read_image does, for slices also when
// a value is not finite, and when channels differ in size.
Image read_image(const Dataset& set, const Case& which);

// The mask of a case as classes: mask_values are numbered, the ignored value stays. Throws Error
// for labels out of range and for a size other than the image's.
LabelMap read_mask(const Dataset& set, const Case& which);

}  // namespace tessera::io
