#pragma once

#include <filesystem>

#include "io/volume.h"

namespace tessera::io {

// NRRD, the format of Teem and 3D Slicer (teem.sourceforge.net/nrrd/format.html): text that says
// what follows, an empty line, and voxels. They stand in the same file (.nrrd), or in one that the
// text names (.nhdr).
//
// Reads integers of 1 to 8 bytes, f32 and f64 in either order of bytes, in the encodings raw, gzip
// and ascii. Types are kept as in load_npy. An axis that is not a direction in space (channels)
// becomes the first one. Spaces are LPS, RAS or LAS; others are taken as LPS, and so are files
// without space, as ITK does.
//
// Throws Error naming the file and what is wrong; the memory taken is bounded by its length.
Volume load_nrrd(const std::filesystem::path& path);

// Writes .nrrd, or .nhdr with the voxels in a file of the same stem: .raw.gz when `compress`, else
// .raw. Axes in front of [D, H, W] become the slowest axes of the file, of kind "list".
void save_nrrd(const Volume& volume, const std::filesystem::path& path, bool compress = true);

}  // namespace tessera::io
