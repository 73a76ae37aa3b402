#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "io/image.h"

namespace tessera::io {

// One image and, unless it is only to be predicted, its mask.
struct Case {
  std::string name;                 // unique in its set: the file name without extension
  std::filesystem::path image;      // as read_image takes it
  std::filesystem::path mask = {};  // as read_labels takes it; empty when there is none
  std::string group = {};  // whose picture it is, such as the patient; empty when not known
  std::string split = {};  // "train", "val", "test", or another name such as "test_other_site"
  ImageSize size = {};     // of the image; all 0 when it was not read yet
  double foreground = 0;   // share of pixels whose class is not 0, in [0, 1]
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

  int64_t classes() const { return static_cast<int64_t>(labels.size()); }
  std::vector<std::string> splits() const;  // the names there are; train, val, test first

  // The cases of a split, in order. "test" also takes the splits whose names begin with "test_",
  // and so does every other name. Throws Error naming the splits there are when it has no case.
  std::vector<Case> split(const std::string& name) const;
};

// Opens a folder of pictures with masks, in one of two layouts.
//
// - `images/` and `masks/` with files of equal stems (a.jpg, a.png). `split.csv` may name the split
//   of each stem, and its patient in a column such as `group`, `patient`, `subject` or `child`.
// - `data/` and `label/` with train_label.json, val_label.json, test_label.json as JMedSeg has
//   them: {patient: {scan: {"list": [names of masks]}}}.
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

// The images below `path` as cases without masks, in the order of their names: a single file, a
// folder of images, or a folder with `images/` in it. Throws Error when there is none.
std::vector<Case> list_images(const std::filesystem::path& path);

// The mask of a case as classes: mask_values are numbered, the ignored value stays. Throws Error
// for labels out of range and for a size other than the image's.
LabelMap read_mask(const Dataset& set, const Case& which);

}  // namespace tessera::io
