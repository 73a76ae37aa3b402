#include "io/voxels.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "core/error.h"
#include "io/bytes.h"
#include "io/deflate.h"
#include "io/text_numbers.h"

namespace tessera::io {

namespace {

using Kind = ElementType::Kind;

// Calls f(T{}) with the C++ type of integers or floating numbers of that type; false when there is
// none.
template <class F>
bool with_type(ElementType type, F&& f) {
  const auto is = [&](Kind kind, int size) { return type.kind == kind && type.size == size; };
  if (is(Kind::unsigned_integer, 1)) return f(uint8_t{}), true;
  if (is(Kind::unsigned_integer, 2)) return f(uint16_t{}), true;
  if (is(Kind::unsigned_integer, 4)) return f(uint32_t{}), true;
  if (is(Kind::unsigned_integer, 8)) return f(uint64_t{}), true;
  if (is(Kind::signed_integer, 1)) return f(int8_t{}), true;
  if (is(Kind::signed_integer, 2)) return f(int16_t{}), true;
  if (is(Kind::signed_integer, 4)) return f(int32_t{}), true;
  if (is(Kind::signed_integer, 8)) return f(int64_t{}), true;
  if (is(Kind::floating, 4)) return f(float{}), true;
  if (is(Kind::floating, 8)) return f(double{}), true;
  return false;
}

template <class T>
std::string bytes_of_values(std::span<const T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

// The integers as another type; empty when one of them does not fit, or when there are none.
template <class To, class From>
std::string narrowed(std::span<const From> values) {
  std::string bytes(values.size() * sizeof(To), '\0');
  auto* out = reinterpret_cast<To*>(bytes.data());
  bool fits = true;
  for (size_t i = 0; i < values.size(); ++i) {
    out[i] = static_cast<To>(values[i]);
    fits &= std::in_range<To>(values[i]);
  }
  return fits ? bytes : "";
}

bool is_integer_type(ElementType type) {
  return type.kind == Kind::signed_integer || type.kind == Kind::unsigned_integer;
}

}  // namespace

bool has_ending(const std::filesystem::path& path, std::initializer_list<const char*> endings) {
  const std::string name = lower(path.filename().string());
  return std::any_of(endings.begin(), endings.end(),
                     [&](const char* ending) { return name.ends_with(ending); });
}

Layout voxel_layout(const Shape& extents, int channels) {
  Shape strides;
  int64_t step = 1;
  for (const int64_t extent : extents) {
    strides.push_back(step);
    if (__builtin_mul_overflow(step, extent, &step)) step = std::numeric_limits<int64_t>::max();
  }
  Layout layout;
  if (channels >= 0) {
    layout.shape.push_back(extents[channels]);
    layout.strides.push_back(strides[channels]);
  }
  Layout space;
  for (int axis = 0; axis < extents.ndim(); ++axis) {
    if (axis == channels) continue;
    space.shape.push_back(extents[axis]);
    space.strides.push_back(strides[axis]);
  }
  int last = space.shape.ndim() - 1;
  while (last >= 3 && space.shape[last] == 1) --last;
  if (channels >= 0 && last < 2) {  // a coloured picture is a slice of a coloured volume
    layout.shape.push_back(1);
    layout.strides.push_back(0);
  }
  for (int axis = last; axis >= 0; --axis) {
    layout.shape.push_back(space.shape[axis]);
    layout.strides.push_back(space.strides[axis]);
  }
  return layout;
}

uint64_t voxel_bytes(const Shape& extents, ElementType type, uint64_t available,
                     const std::string& name) {
  uint64_t bytes = type.size;
  bool huge = false;
  for (const int64_t extent : extents) {
    require(extent >= 1, "{}: there must be voxels, but the size is {}", name, extents);
    huge |= __builtin_mul_overflow(bytes, static_cast<uint64_t>(extent), &bytes);
  }
  require(!huge && bytes <= available,
          "{} is truncated: the header says that the size is {}, {} bytes each, but there are {} "
          "bytes",
          name, extents, type.size, available);
  return bytes;
}

std::string inflate_voxels(std::string_view packed, uint64_t needed, const std::string& name) {
  const bool gzip = packed.starts_with("\x1f\x8b");
  require(needed / kMaxInflation <= packed.size(),
          "{} is truncated: {} packed bytes cannot hold {} bytes of voxels", name, packed.size(),
          needed);
  std::string plain = inflate(packed, needed, gzip ? Wrapping::gzip : Wrapping::zlib, name);
  require(plain.size() >= needed, "{} is truncated: {} bytes of voxels are missing", name,
          needed - plain.size());
  return plain;
}

std::string read_detached(const std::filesystem::path& path, const std::string& file,
                          std::string_view list, const std::string& name) {
  // What ITK and Teem write for several: a list, or a pattern such as %03d.raw.
  require(file.find('%') == std::string::npos,
          "{}: files that are named by a pattern, {}, cannot be read; name them in a LIST", name,
          file);
  if (file.starts_with("LIST")) {
    std::string all;
    std::set<std::string, std::less<>> seen;
    for (size_t begin = 0; begin < list.size();) {
      const size_t end = std::min(list.find('\n', begin), list.size());
      const std::string line(trim(list.substr(begin, end - begin)));
      begin = end + 1;
      if (line.empty()) continue;
      require(!line.starts_with("LIST") && seen.insert(line).second,
              "{}: its LIST must name each file once, got '{}' again", name, line);
      all += read_detached(path, line, {}, name);
    }
    return all;
  }
  const std::filesystem::path data = path.parent_path() / file;
  std::error_code error;
  require(std::filesystem::is_regular_file(data, error),
          "{}: the file of its voxels, {}, is not there", name, data.string());
  return read_file(data);
}

Volume make_volume(std::string_view bytes, ElementType type, const Layout& layout,
                   const Geometry& geometry, const std::string& name) {
  Volume volume{make_tensor(bytes, type, layout, name), geometry};
  type.big_endian = false;
  if (type != ElementType::of(volume.voxels.dtype())) volume.stored = type;
  return volume;
}

Volume parse_volume(std::string_view text, ElementType type, const Layout& layout,
                    const Geometry& geometry, const std::string& name) {
  Volume volume;
  const bool known = with_type(type, [&]<class T>(T) {
    const auto count = static_cast<size_t>(layout.shape.numel());
    const std::vector<T> values = parse_numbers<T>(text, count, name);
    type.big_endian = false;
    volume = make_volume(bytes_of_values(std::span<const T>(values)), type, layout, geometry, name);
  });
  require(known, "{}: text of numbers of {} bytes cannot be read", name, type.size);
  return volume;
}

RawVoxels raw_voxels(const Volume& volume) {
  const Tensor& voxels = volume.voxels.eval();
  const DType dtype = voxels.dtype();
  if (is_half(dtype)) {
    const std::vector<float> values = voxels.to_vector<float>();
    return {ElementType::of(f32), bytes_of_values(std::span<const float>(values))};
  }
  RawVoxels raw{ElementType::of(dtype == bool_ ? u8 : dtype), {}};
  dispatch(dtype, [&]<class From>(From) {
    const auto values = voxels.data<From>();
    if constexpr (std::is_same_v<From, uint8_t> || std::is_same_v<From, int32_t> ||
                  std::is_same_v<From, int64_t>) {
      if (volume.stored && is_integer_type(*volume.stored) && *volume.stored != raw.type) {
        with_type(*volume.stored, [&]<class To>(To) {
          if constexpr (std::is_integral_v<To>) raw.bytes = narrowed<To>(values);
        });
        if (!raw.bytes.empty()) raw.type = *volume.stored;
      }
    }
    if (raw.bytes.empty()) raw.bytes = bytes_of_values(values);
  });
  raw.type.big_endian = false;
  return raw;
}

}  // namespace tessera::io
