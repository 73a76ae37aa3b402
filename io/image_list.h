#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "io/dataset.h"

namespace tessera::io {

// The images below `path` as cases without masks, in the order of their names: a single file, a
// folder of images, or a folder with `images/` in it. Throws Error when there is none.
//
// With `channels`, what a network takes, files called case_0000, case_0001, ... as in nnU-Net's
// imagesTs are the channels of the image `case`; one of them stands for all. Throws Error when one
// is missing. Pictures that have so many channels themselves are left alone, and so are numbered
// pictures of which there are more.
std::vector<Case> list_images(const std::filesystem::path& path, int64_t channels = 0);

}  // namespace tessera::io
