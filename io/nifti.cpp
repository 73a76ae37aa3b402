#include "io/nifti.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "core/error.h"
#include "io/atomic_file.h"
#include "io/bytes.h"
#include "io/deflate.h"
#include "io/element_type.h"

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

// The datatype that stores `dtype`; truth values are written as bytes.
int code_of(DType dtype) {
  const ElementType type = ElementType::of(dtype == bool_ ? u8 : dtype);
  return std::find_if(std::begin(datatypes), std::end(datatypes),
                      [&](const Datatype& candidate) { return candidate.type == type; })
      ->code;
}

// The layout of the voxels: x is the fastest axis of the file and the last one of ours.
Layout layout_of(const NiftiHeader& header, int channels) {
  int ndim = std::max(header.ndim, 2);
  while (ndim > 3 && header.extents[static_cast<size_t>(ndim - 1)] == 1) --ndim;
  Shape shape;
  for (int axis = ndim - 1; axis >= 0; --axis) {
    shape.push_back(header.extents[static_cast<size_t>(axis)]);
  }
  if (channels == 1) return Layout::row_major(shape);
  // The channels of a voxel lie side by side.
  shape.push_back(channels);
  const Layout interleaved = Layout::row_major(shape);
  Layout layout{Shape{channels}, Shape{1}};
  for (int axis = 0; axis < ndim; ++axis) {
    layout.shape.push_back(shape[axis]);
    layout.strides.push_back(interleaved.strides[axis]);
  }
  return layout;
}

// How many bytes of the file are needed. At most `available` can be there.
uint64_t bytes_needed(const NiftiHeader& header, const Datatype& datatype, uint64_t available,
                      const std::string& name) {
  uint64_t bytes =
      static_cast<uint64_t>(datatype.type.size) * static_cast<uint64_t>(datatype.channels);
  bool huge = header.data_offset > available;
  for (const int64_t extent : header.extents) {
    huge |= __builtin_mul_overflow(bytes, static_cast<uint64_t>(extent), &bytes);
  }
  require(!huge && bytes <= available - header.data_offset,
          "{} is truncated: the header says that there are {} x {} x {} voxels and more", name,
          header.extents[0], header.extents[1], header.extents[2]);
  return header.data_offset + bytes;
}

template <class T>
double as_double(T value) {
  if constexpr (std::is_arithmetic_v<T>) {
    return static_cast<double>(value);
  } else {
    return static_cast<float>(value);
  }
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

std::string lower_name(const std::filesystem::path& path) {
  std::string name = path.filename().string();
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

bool is_gzip(std::string_view bytes) {
  return bytes.substr(0, 2) == "\x1f\x8b";
}

}  // namespace

bool is_nifti_name(const std::filesystem::path& path) {
  const std::string name = lower_name(path);
  return name.ends_with(".nii") || name.ends_with(".nii.gz");
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
  const uint64_t needed = bytes_needed(header, datatype, available, name);
  if (packed) bytes = inflate(bytes, needed, Wrapping::gzip, name);
  require(bytes.size() >= needed, "{} is truncated: {} bytes of voxels are missing", name,
          needed - bytes.size());

  ElementType type = datatype.type;
  type.big_endian = header.big_endian;
  Volume volume{make_tensor(std::string_view(bytes).substr(header.data_offset), type,
                            layout_of(header, datatype.channels), name),
                header.geometry};
  const bool scales = std::isfinite(header.slope) && header.slope != 0 &&
                      std::isfinite(header.intercept) &&
                      (header.slope != 1 || header.intercept != 0) && datatype.channels == 1;
  if (scales) {
    const bool wide = type.size > 4 || (type.size == 4 && type.kind != Kind::floating);
    volume.voxels = wide ? scaled<double>(volume.voxels, header.slope, header.intercept)
                         : scaled<float>(volume.voxels, header.slope, header.intercept);
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
  std::string bytes;
  const auto append = [&](const auto& values, int datatype) {
    header.datatype = datatype;
    bytes = nifti_header_bytes(header);
    const auto raw = std::as_bytes(std::span(values));
    bytes.append(reinterpret_cast<const char*>(raw.data()), raw.size());
  };
  const DType dtype = voxels.dtype();
  if (is_half(dtype)) {
    append(voxels.to_vector<float>(), code_of(f32));
  } else {
    dispatch(dtype, [&]<class T>(T) { append(voxels.data<T>(), code_of(dtype)); });
  }
  if (lower_name(path).ends_with(".gz")) bytes = deflate(bytes, Wrapping::gzip);
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(bytes)));
  file.commit();
}

Volume slice_of(const Volume& volume, int axis, int64_t index) {
  const Shape& shape = volume.voxels.shape();
  require(shape.ndim() >= 3 && 0 <= axis && axis < 3,
          "slice_of: a volume [..., D, H, W] and an axis 0, 1 or 2 are needed, got {} and {}",
          shape, axis);
  const int cut = shape.ndim() - 3 + axis;
  require(0 <= index && index < shape[cut], "slice_of: index {} is not among {} slices", index,
          shape[cut]);
  const Layout whole = Layout::row_major(shape);
  const Layout layout{shape.without(cut), whole.strides.without(cut), index * whole.strides[cut]};
  Volume slice{{}, volume.geometry};
  dispatch(volume.voxels.dtype(), [&]<class T>(T) {
    const auto raw = std::as_bytes(volume.voxels.data<T>());
    slice.voxels = make_tensor({reinterpret_cast<const char*>(raw.data()), raw.size()},
                               ElementType::of(volume.voxels.dtype()), layout, "slice_of");
  });

  // The axis that was cut becomes d, across the picture; the others keep their order.
  const size_t order[3] = {static_cast<size_t>(axis), axis == 0 ? 1u : 0u, axis == 2 ? 1u : 2u};
  for (size_t i = 0; i < 3; ++i) {
    slice.geometry.spacing[i] = volume.geometry.spacing[order[i]];
    for (size_t row = 0; row < 12; row += 4) {
      slice.geometry.affine[row + i] = volume.geometry.affine[row + order[i]];
    }
  }
  for (size_t row = 0; row < 12; row += 4) {
    slice.geometry.affine[row + 3] += static_cast<double>(index) * slice.geometry.affine[row];
  }
  return slice;
}

}  // namespace tessera::io
