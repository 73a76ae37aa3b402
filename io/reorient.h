#pragma once

#include <string>

#include "io/volume.h"

namespace tessera::io {

// The volume [..., D, H, W] with its axes in another order and direction, and the geometry to fit:
// voxels are moved, none is computed. `codes` says where the axes of the file, w, h and d in this
// order, shall go, as axis_codes does: "RAS", "LPS", "ARS" and so on. In an oblique volume they
// will be the closest ones.
//
// Same as nibabel's as_reoriented and SimpleITK's DICOMOrient. Throws Error for other codes, and
// for volumes of less than three axes.
Volume reorient(const Volume& volume, const std::string& codes);

}  // namespace tessera::io
