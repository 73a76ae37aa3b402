#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace tessera::io {

// Row-major 4x4 matrix that takes points (.., .., .., 1) to points.
using Matrix4 = std::array<double, 16>;
using Vector3 = std::array<double, 3>;

// Where the voxels of a volume [D, H, W] are in the patient. In this order of axes, which is that
// of our tensors and not that of the file.
struct Geometry {
  // Distance of neighbours along d, h and w, in mm; 1 where nobody knows.
  Vector3 spacing = {1, 1, 1};
  // Takes (d, h, w, 1) to (x, y, z, 1) in mm; x grows to the patient's right, y to the front, z to
  // the head (RAS+, as NIfTI has it).
  Matrix4 affine = {0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1};

  bool operator==(const Geometry&) const = default;
};

// What coordinates of a file mean. In `lps`, x grows to the left and y to the back, as in DICOM and
// ITK; in `las`, x alone is turned round.
enum class World : uint8_t { ras, lps, las };

// The same as files have it: the steps from a voxel to its neighbours along the axes of the file,
// fastest first, which are w, h and d; and where the first voxel is. In mm.
struct FileAxes {
  std::array<Vector3, 3> steps = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  Vector3 origin = {0, 0, 0};
};

// Spacings become the lengths of the steps. Throws Error, beginning with `name`, when a number is
// not finite.
Geometry geometry_of(const FileAxes& axes, World world, const std::string& name);
FileAxes file_axes(const Geometry& geometry, World world);

// The vector of length 1 that is perpendicular to both; (0, 0, 1) when they are parallel.
Vector3 normal_of(const Vector3& a, const Vector3& b);

double length_of(const Vector3& v);

// What directions the axes of the file, w, h and d in this order, go in: "RAS" is to the right, to
// the front and up, "LPS" to the left, to the back and up. Each axis is named by the patient's axis
// that it is closest to; same as nibabel.aff2axcodes. Throws Error when the affine has no inverse.
std::string axis_codes(const Geometry& geometry);

// The matrix product a b, and the inverse of an affine matrix. Throws Error, beginning with `name`,
// when there is none.
Matrix4 multiply(const Matrix4& a, const Matrix4& b);
Matrix4 inverse(const Matrix4& affine, const std::string& name);

}  // namespace tessera::io
