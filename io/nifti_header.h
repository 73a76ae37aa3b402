#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "io/geometry.h"

namespace tessera::io {

// The fields of a NIfTI header (versions 1 and 2; nifti.nimh.nih.gov) that say how to read voxels.
// Extents and spacings are in the order of the file, x first.
struct NiftiHeader {
  int ndim = 0;
  std::array<int64_t, 7> extents = {1, 1, 1, 1, 1, 1, 1};
  int datatype = 0;
  uint64_t data_offset = 0;
  double slope = 0, intercept = 0;
  bool big_endian = false;
  Geometry geometry;
};

// What has to be read of a file to see its header.
inline constexpr size_t kNiftiHeaderBytes = 540;

// Reads the header at the start of `bytes`. The affine comes from the sform, else the qform, else
// the spacing alone. Throws Error, beginning with `name`, when it is not one, is damaged, or
// belongs to a separate .img file.
NiftiHeader parse_nifti_header(std::string_view bytes, const std::string& name);

// The first 352 bytes of a .nii file of version 1, little-endian, with the geometry as sform.
// Throws Error when an extent is above 32767.
std::string nifti_header_bytes(const NiftiHeader& header);

}  // namespace tessera::io
