#include "io/nifti.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "core/error.h"
#include "io/atomic_file.h"
#include "io/bytes.h"
#include "io/deflate.h"
#include "io/nifti_header.h"
#include "io/voxels.h"

namespace tessera::io {

namespace {

using Kind = ElementType::Kind;

struct Datatype {
  int code;
  ElementType type;
  int channels = 1;
};

constexpr Datatype datatypes[] = {
    {2, {Kind::unsigned_integer, 1}},    {4, {Kind::signed_integer, 2}},
    {8, {Kind::signed_integer, 4}},      {16, {Kind::floating, 4}},
    {64, {Kind::floating, 8}},           {128, {Kind::unsigned_integer, 1}, 3},
    {256, {Kind::signed_integer, 1}},    {512, {Kind::unsigned_integer, 2}},
    {768, {Kind::unsigned_integer, 4}},  {1024, {Kind::signed_integer, 8}},
    {1280, {Kind::unsigned_integer, 8}}, {2304, {Kind::unsigned_integer, 1}, 4},
};

const Datatype& datatype_of(const NiftiHeader& header, const std::string& name) {
  const auto* found =
      std::find_if(std::begin(datatypes), std::end(datatypes),
                   [&](const Datatype& candidate) { return candidate.code == header.datatype; });
  require(found != std::end(datatypes),
          "{}: voxels of datatype {} cannot be read; integers, f32, f64 and RGB can", name,
          header.datatype);
  return *found;
}

int code_of(ElementType type) {
  return std::find_if(std::begin(datatypes), std::end(datatypes),
                      [&](const Datatype& candidate) { return candidate.type == type; })
      ->code;
}

// The extents of the file, fastest first; the channels of a voxel lie side by side.
Shape nifti_extents(const NiftiHeader& header, int channels) {
  Shape extents;
  if (channels > 1) extents.push_back(channels);
  for (int axis = 0; axis < std::max(header.ndim, 2); ++axis) {
    extents.push_back(header.extents[static_cast<size_t>(axis)]);
  }
  return extents;
}

template <class T>
Tensor scaled(const Tensor& voxels, double slope, double intercept) {
  const auto count = static_cast<size_t>(voxels.numel());
  const auto values = std::make_unique<T[]>(count);
  dispatch(voxels.dtype(), [&]<class Stored>(Stored) {
    const auto stored = voxels.data<Stored>();
    for (size_t i = 0; i < count; ++i) {
      values[i] = static_cast<T>(as_double(stored[i]) * slope + intercept);
    }
  });
  return from_bytes(values.get(), voxels.shape(), dtype_of_type<T>::value);
}

bool is_gzip(std::string_view bytes) {
  return bytes.substr(0, 2) == "\x1f\x8b";
}

}  // namespace

bool is_nifti_name(const std::filesystem::path& path) {
  return has_ending(path, {".nii", ".nii.gz"});
}

Volume load_nifti(const std::filesystem::path& path) {
  const std::string name = "load: " + path.string();
  std::string bytes = read_file(path);
  const bool packed = is_gzip(bytes);
  const std::string begin = packed ? inflate(bytes, kNiftiHeaderBytes, Wrapping::gzip, name)
                                   : bytes.substr(0, kNiftiHeaderBytes);
  const NiftiHeader header = parse_nifti_header(begin, name);
  const Datatype& datatype = datatype_of(header, name);
  const uint64_t available = packed ? kMaxInflation * bytes.size() : bytes.size();
  require(header.data_offset <= available, "{} is truncated: its voxels begin at byte {}", name,
          header.data_offset);
  ElementType type = datatype.type;
  type.big_endian = header.big_endian;
  const Shape extents = nifti_extents(header, datatype.channels);
  const uint64_t needed =
      header.data_offset + voxel_bytes(extents, type, available - header.data_offset, name);
  if (packed) bytes = inflate_voxels(bytes, needed, name);

  Volume volume =
      make_volume(std::string_view(bytes).substr(header.data_offset), type,
                  voxel_layout(extents, datatype.channels > 1 ? 0 : -1), header.geometry, name);
  const bool scales = std::isfinite(header.slope) && header.slope != 0 &&
                      std::isfinite(header.intercept) &&
                      (header.slope != 1 || header.intercept != 0) && datatype.channels == 1;
  if (scales) {
    const bool wide = type.size > 4 || (type.size == 4 && type.kind != Kind::floating);
    volume.voxels = wide ? scaled<double>(volume.voxels, header.slope, header.intercept)
                         : scaled<float>(volume.voxels, header.slope, header.intercept);
    volume.stored.reset();
  }
  return volume;
}

void save_nifti(const Volume& volume, const std::filesystem::path& path) {
  const Tensor& voxels = volume.voxels.eval();
  require(2 <= voxels.ndim() && voxels.ndim() <= 7,
          "save: {}: a volume must have 2 to 7 axes, got {}", path.string(), voxels.shape());
  NiftiHeader header;
  header.ndim = voxels.ndim();
  for (int axis = 0; axis < header.ndim; ++axis) {
    header.extents[static_cast<size_t>(axis)] = voxels.shape(header.ndim - 1 - axis);
  }
  header.geometry = volume.geometry;
  const RawVoxels raw = raw_voxels(volume);
  header.datatype = code_of(raw.type);
  std::string bytes = nifti_header_bytes(header) + raw.bytes;
  if (has_ending(path, {".gz"})) bytes = deflate(bytes, Wrapping::gzip);
  write_file(path, bytes);
}

}  // namespace tessera::io
