#pragma once

#include <vector>

#include "io/dataset.h"
#include "io/volume_slices.h"

namespace tessera::io {

// The files of cases, before anybody understands what masks store as classes. Volumes are read
// through the cache.

// The cases that a case of find_cases is for training: the picture, a case for each slice of the
// volume, or (`whole`) the volume, with their sizes. Throws Error when image, further channels and
// mask differ in size, or in geometry by more than rounding.
std::vector<Case> open_case(const Case& found, bool whole, VolumeCache& volumes);

// The image of a picture or slice: the channels of all its files. `volumes` may be null.
Image read_stored_image(const Case& one, VolumeCache* volumes);

// The voxels of a volume as a whole, with the channels of all its files, [C, D, H, W] if there are
// several. Throws Error naming the file that cannot be read or lies elsewhere than the first.
Volume read_stored_volume(const Case& one);

// Its mask as stored, as large as the image. `volumes` may be null.
LabelMap read_stored_mask(const Case& one, VolumeCache* volumes);

}  // namespace tessera::io
