#pragma once

#include <filesystem>

#include "io/volume.h"

namespace tessera::io {

// Reads a DICOM series: all files of a folder that have the mark of DICOM, whatever their names
// are; or a single file, of one slice or several frames. Needs a build with GDCM
// (dicom_supported()).
//
// Slices are sorted along their normal, first the one with the least coordinate in its direction.
// Voxels are scaled by slope and intercept: to i32 while these are whole numbers, else to f32.
// Volumes are [D, H, W], or [3, D, H, W] of colours. The step between slices is that from the first
// to the last, so that a tilted gantry gives a sheared affine.
//
// Throws Error naming the file or folder when there are no DICOM files, several series, slices that
// differ in size or direction, two at one place, or gaps between them; or when a file is damaged.
Volume load_dicom(const std::filesystem::path& path);

}  // namespace tessera::io
