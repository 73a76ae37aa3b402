#pragma once

#include <filesystem>
#include <string_view>

#include "io/picture.h"
#include "io/volume.h"

namespace tessera::io {

// A picture as a volume of one slice: its samples as they are stored, the indices when it has a
// palette; u8, or i32 for more than 8 bits. [H, W], or [C, 1, H, W] of several channels.
Volume volume_of(const Picture& picture);

// The other way round. Throws Error, beginning with `name`, unless the shape is one of those or
// [1, H, W], with 1 to 4 channels, and all voxels are whole numbers from 0 to 65535: they are
// samples of 8 bits, or of 16 when one is above 255 or they were stored so.
Picture picture_of(const Volume& volume, const std::string& name);

// Reads what decode_picture reads; writes PNG, PGM or PPM, by the name.
Volume load_picture_volume(const std::filesystem::path& path);
void save_picture_volume(const Volume& volume, const std::filesystem::path& path);

}  // namespace tessera::io
