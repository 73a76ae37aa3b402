#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "io/dataset.h"

namespace tessera::io {

enum class LayoutKind : uint8_t { folders, jmedseg, nnunet };

// Files that do not fit together, seen without reading any picture.
struct Mistake {
  enum class Kind : uint8_t {
    collision,  // two files of one name
    unpaired,   // an image without mask, a mask without image
    channels,   // a case that lacks a channel which others have
    split,      // lists or split.csv that name too much, too little, or twice
  };
  Kind kind;
  std::filesystem::path file;
  std::string text;  // what is wrong and what to do, as errors say it
};

// What lies in a folder of cases.
struct DatasetLayout {
  LayoutKind kind = LayoutKind::folders;
  std::filesystem::path folder, images, masks;  // the last two: folders
  std::vector<Case> cases;                      // complete ones, in the order of their names
  std::vector<Mistake> mistakes;
};

// The cases of a folder in one of the layouts of open_dataset, before any picture is read: name,
// image, mask, and group and split where the folder tells them. A volume is one case. Throws Error
// when the folder has none of the layouts or a list in it cannot be read.
DatasetLayout find_layout(const std::filesystem::path& folder);

// The same cases. Throws Error as open_dataset does, also for the first mistake.
std::vector<Case> find_cases(const std::filesystem::path& folder);

// Which layout the folders in `folder` are named for. Throws Error when it is none.
DatasetLayout recognise_layout(const std::filesystem::path& folder);

// The name of a file without what says its format: "a" for a.png, a.nii and a.nii.gz.
std::string stem_of(const std::filesystem::path& path);

// Whether there is such a file; one that nobody may look at is not there.
bool is_there(const std::filesystem::path& path);

// Whether the name is that of a picture or of a volume.
bool is_case_name(const std::filesystem::path& path);

// The pictures and volumes in `folder` by their stems. Of several with one stem the first is
// taken, and the others are mistakes. Throws Error when there is none.
std::map<std::string, std::filesystem::path> files_by_stem(const std::filesystem::path& folder,
                                                           std::vector<Mistake>& mistakes);

// The pictures and volumes in `folder` in the order of their stems. Throws Error when two have the
// same stem, or when there is none.
std::vector<std::filesystem::path> find_images(const std::filesystem::path& folder);

// Images and masks of equal stems as cases. Where a mask has no image of its stem, the images
// named <stem>_<channel> are channels of one, in the order of their names: case_0000, case_0001 as
// nnU-Net has them, or case_FLAIR, case_T1.
std::vector<Case> pair_files(const std::filesystem::path& images,
                             const std::filesystem::path& masks, std::vector<Mistake>& mistakes);

}  // namespace tessera::io
