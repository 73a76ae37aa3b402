#pragma once

#include <filesystem>

#include "io/volume.h"

namespace tessera::io {

// MetaImage, the format of ITK (itk.org/Wiki/MetaIO): text that says what follows, and voxels. They
// stand behind the text in an .mha file and in a file of their own for .mhd.
//
// Reads integers of 1 to 8 bytes, f32 and f64 in either order of bytes, plain, compressed or as
// text. Types are kept as in load_npy. Several channels become the first axis. Coordinates of the
// file are LPS, and turned into ours; without TransformMatrix the axes are those of LPS.
//
// Throws Error naming the file and what is wrong; the memory taken is bounded by its length.
Volume load_metaimage(const std::filesystem::path& path);

// Writes .mha, or .mhd with the voxels in a file of the same stem: .zraw when `compress`, else
// .raw. Axes in front of [D, H, W] become the slowest axes of the file. A picture [H, W] keeps its
// direction and origin where it lies in a plane of constant z, and only the spacing elsewhere.
void save_metaimage(const Volume& volume, const std::filesystem::path& path, bool compress = true);

}  // namespace tessera::io
