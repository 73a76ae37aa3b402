#include "io/nifti_header.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "io/bytes.h"

namespace tessera::io {

namespace {

constexpr int32_t kSize1 = 348, kSize2 = 540;  // also what the first field of each version holds
constexpr size_t kFirstVoxel1 = 352;           // the header and four bytes that say "no extensions"
constexpr int kMillimetres = 2, kMetres = 1, kMicrometres = 3;
constexpr int64_t kMaxExtent1 = 32767;

// The fields of both versions that are used, whatever their types are there.
struct Fields {
  std::array<int64_t, 8> dim;
  std::array<double, 8> pixdim;
  std::array<double, 3> quaternion, qoffset;
  std::array<double, 12> srow;
  double vox_offset, slope, intercept;
  int64_t datatype, qform_code, sform_code, units;
};

// Where they are.
struct FieldPlaces {
  size_t dim, datatype, pixdim, vox_offset, scale, qform_code, sform_code, quaternion, srow, units;
};
constexpr FieldPlaces places1 = {40, 70, 76, 108, 112, 252, 254, 256, 280, 123};
constexpr FieldPlaces places2 = {16, 12, 104, 168, 176, 344, 348, 352, 400, 500};

// Extent, Real, Offset, Code and Units are the types that this version has for them.
template <class Extent, class Real, class Offset, class Code, class Units>
Fields read_fields(std::string_view bytes, const FieldPlaces& at, bool big_endian) {
  const auto read = [&]<class T>(T, size_t place) {
    return number_at<T>(bytes.data() + place, big_endian);
  };
  const auto reals = [&](size_t place, auto& values) {
    for (size_t i = 0; i < values.size(); ++i) values[i] = read(Real{}, place + i * sizeof(Real));
  };
  Fields fields{};
  for (size_t i = 0; i < 8; ++i) fields.dim[i] = read(Extent{}, at.dim + i * sizeof(Extent));
  reals(at.pixdim, fields.pixdim);
  reals(at.quaternion, fields.quaternion);
  reals(at.quaternion + 3 * sizeof(Real), fields.qoffset);
  reals(at.srow, fields.srow);
  fields.vox_offset = static_cast<double>(read(Offset{}, at.vox_offset));
  fields.slope = read(Real{}, at.scale);
  fields.intercept = read(Real{}, at.scale + sizeof(Real));
  fields.datatype = read(int16_t{}, at.datatype);
  fields.qform_code = read(Code{}, at.qform_code);
  fields.sform_code = read(Code{}, at.sform_code);
  fields.units = read(Units{}, at.units);
  return fields;
}

// Rows of x, y, z over the columns i, j, k, 1 of the file.
using Rows = std::array<double, 12>;

Rows rows_of_quaternion(const Fields& fields) {
  auto [b, c, d] = fields.quaternion;
  const double length = b * b + c * c + d * d;
  if (length > 1) {  // by rounding
    b /= std::sqrt(length);
    c /= std::sqrt(length);
    d /= std::sqrt(length);
  }
  const double a = std::sqrt(std::max(0.0, 1 - length));
  const double dx = fields.pixdim[1], dy = fields.pixdim[2];
  const double dz = fields.pixdim[0] < 0 ? -fields.pixdim[3] : fields.pixdim[3];
  const auto [x, y, z] = fields.qoffset;
  return {(a * a + b * b - c * c - d * d) * dx,
          2 * (b * c - a * d) * dy,
          2 * (b * d + a * c) * dz,
          x,
          2 * (b * c + a * d) * dx,
          (a * a + c * c - b * b - d * d) * dy,
          2 * (c * d - a * b) * dz,
          y,
          2 * (b * d - a * c) * dx,
          2 * (c * d + a * b) * dy,
          (a * a + d * d - b * b - c * c) * dz,
          z};
}

Geometry geometry_of(const Fields& fields, const std::string& name) {
  const auto& [qfac, dx, dy, dz, t, u, v, w] = fields.pixdim;
  Rows rows = {dx, 0, 0, 0, 0, dy, 0, 0, 0, 0, dz, 0};
  if (fields.sform_code > 0) {
    rows = fields.srow;
  } else if (fields.qform_code > 0) {
    rows = rows_of_quaternion(fields);
  }
  const int units = static_cast<int>(fields.units & 7);
  const double millimetres = units == kMetres ? 1000 : units == kMicrometres ? 0.001 : 1;
  Geometry geometry;
  for (size_t row = 0; row < 3; ++row) {
    for (size_t column = 0; column < 4; ++column) {
      const double value = rows[4 * row + column] * millimetres;
      require(std::isfinite(value), "{}: the affine of the header is not finite", name);
      geometry.affine[4 * row + (column == 3 ? 3 : 2 - column)] = value;
    }
  }
  for (size_t axis = 0; axis < 3; ++axis) {
    double& spacing = geometry.spacing[2 - axis];
    spacing = std::abs(fields.pixdim[1 + axis]) * millimetres;
    if (std::isfinite(spacing) && spacing > 0) continue;
    spacing = millimetres * std::hypot(rows[axis], rows[4 + axis], rows[8 + axis]);
    if (!std::isfinite(spacing) || spacing == 0) spacing = 1;
  }
  return geometry;
}

// Writes `number` as a T at `place`.
template <class T>
void put(std::string& bytes, size_t place, double number) {
  const auto value = static_cast<T>(number);
  const std::string_view text = bytes_of(value);
  std::copy(text.begin(), text.end(), bytes.begin() + static_cast<int64_t>(place));
}

}  // namespace

NiftiHeader parse_nifti_header(std::string_view bytes, const std::string& name) {
  require(bytes.size() >= sizeof(int32_t), "{} is not a NIfTI file: it is too short", name);
  const auto size = number_at<int32_t>(bytes.data());
  const auto swapped = number_at<int32_t>(bytes.data(), true);
  const bool first = size == kSize1 || swapped == kSize1;
  require(first || size == kSize2 || swapped == kSize2,
          "{} is not a NIfTI file: its first number is {}, not 348 or 540", name, size);
  ByteReader reader(bytes, name);
  bytes = reader.take(first ? kSize1 : kSize2);
  const std::string_view magic = bytes.substr(first ? 344 : 4, 4);
  const std::string_view expected(first ? "n+1" : "n+2", 4);
  const std::string_view separate(first ? "ni1" : "ni2", 4);
  require(magic != separate, "{}: the voxels are in an .img file; convert the pair to .nii", name);
  require(magic == expected, "{} is not a NIfTI file, but perhaps an older ANALYZE file", name);

  NiftiHeader header;
  header.big_endian = size != kSize1 && size != kSize2;
  const Fields fields = first ? read_fields<int16_t, float, float, int16_t, uint8_t>(
                                    bytes, places1, header.big_endian)
                              : read_fields<int64_t, double, int64_t, int32_t, int32_t>(
                                    bytes, places2, header.big_endian);
  require(1 <= fields.dim[0] && fields.dim[0] <= 7,
          "{}: the number of dimensions is {}, not 1 to 7", name, fields.dim[0]);
  header.ndim = static_cast<int>(fields.dim[0]);
  for (size_t i = 0; i < static_cast<size_t>(header.ndim); ++i) {
    require(fields.dim[i + 1] >= 1, "{}: extent {} is {}", name, i + 1, fields.dim[i + 1]);
    header.extents[i] = fields.dim[i + 1];
  }
  header.datatype = static_cast<int>(fields.datatype);
  constexpr double max_offset = 1e15;
  require(0 <= fields.vox_offset && fields.vox_offset <= max_offset,
          "{}: the voxels cannot begin at byte {}", name, fields.vox_offset);
  header.data_offset = std::max<uint64_t>(static_cast<uint64_t>(fields.vox_offset),
                                          first ? kFirstVoxel1 : kSize2 + 4);
  header.slope = fields.slope;
  header.intercept = fields.intercept;
  header.geometry = geometry_of(fields, name);
  return header;
}

std::string nifti_header_bytes(const NiftiHeader& header) {
  std::string bytes(kFirstVoxel1, '\0');
  const FieldPlaces& at = places1;
  put<int32_t>(bytes, 0, kSize1);
  put<int16_t>(bytes, at.dim, header.ndim);
  for (size_t i = 0; i < header.extents.size(); ++i) {
    const int64_t extent = header.extents[i];
    require(extent <= kMaxExtent1,
            "save: a NIfTI file cannot have {} voxels along one axis; {} is "
            "the most",
            extent, kMaxExtent1);
    put<int16_t>(bytes, at.dim + 2 * (i + 1), static_cast<double>(extent));
    put<float>(bytes, at.pixdim + 4 * (i + 1), i < 3 ? header.geometry.spacing[2 - i] : 1);
  }
  put<float>(bytes, at.pixdim, 1);
  put<int16_t>(bytes, at.datatype, header.datatype);
  put<float>(bytes, at.vox_offset, kFirstVoxel1);
  put<float>(bytes, at.scale, 1);
  bytes[at.units] = kMillimetres;
  put<int16_t>(bytes, at.sform_code, 1);  // coordinates of the scanner
  for (size_t row = 0; row < 3; ++row) {
    for (size_t column = 0; column < 4; ++column) {
      put<float>(bytes, at.srow + 4 * (4 * row + column),
                 header.geometry.affine[4 * row + (column == 3 ? 3 : 2 - column)]);
    }
  }
  std::copy_n("n+1", 4, bytes.begin() + 344);
  return bytes;
}

}  // namespace tessera::io
