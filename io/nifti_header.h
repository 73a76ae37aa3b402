#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace tessera::io {

// Where the voxels of a volume [D, H, W] are in the patient. In this order of axes, which is that
// of our tensors and not that of the file.
struct Geometry {
  // Distance of neighbours along d, h and w, in mm; 1 where nobody knows.
  std::array<double, 3> spacing = {1, 1, 1};
  // Row-major 4x4: takes (d, h, w, 1) to (x, y, z, 1) in mm; x grows to the patient's right, y to
  // the front, z to the head (RAS+, as NIfTI has it).
  std::array<double, 16> affine = {0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1};

  bool operator==(const Geometry&) const = default;
};

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
