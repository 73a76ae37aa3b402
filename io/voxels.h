#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <type_traits>

#include "io/volume.h"

namespace tessera::io {

// What the formats of volumes share: from the array of a file to a tensor and back.

// Whether the name of a file ends with one of `endings`, which are in small letters.
bool has_ending(const std::filesystem::path& path, std::initializer_list<const char*> endings);

// Where the voxels of an array are whose `extents` stand fastest first, as files have them. The
// tensor has the slowest axis first; axis `channels` of the file, unless it is -1, becomes the
// first one. Of the others, axes of extent 1 behind the third are dropped. With channels there is
// always a D: a coloured picture is [3, 1, H, W].
Layout voxel_layout(const Shape& extents, int channels = -1);

// How many bytes such an array takes. Throws Error, beginning with `name`, when an extent is below
// 1 or there are more than `available` bytes.
uint64_t voxel_bytes(const Shape& extents, ElementType type, uint64_t available,
                     const std::string& name);

// `packed` unpacked, by its first bytes as gzip or zlib, if that is at least `needed` bytes: throws
// Error, beginning with `name`, when they are missing or cannot be there.
std::string inflate_voxels(std::string_view packed, uint64_t needed, const std::string& name);

// The contents of the file, named in a header at `path`, that has the voxels; for "LIST" those of
// the files that the lines of `list` name, behind each other. Throws Error, beginning with `name`,
// when one is not there, or for a pattern that stands for several.
std::string read_detached(const std::filesystem::path& path, const std::string& file,
                          std::string_view list, const std::string& name);

// A voxel as a number; the 16-bit floats convert by way of float.
template <class T>
double as_double(T value) {
  if constexpr (std::is_arithmetic_v<T>)
    return static_cast<double>(value);
  else
    return static_cast<float>(value);
}

// The volume of those voxels.
Volume make_volume(std::string_view bytes, ElementType type, const Layout& layout,
                   const Geometry& geometry, const std::string& name);

// The same for numbers written as text.
Volume parse_volume(std::string_view text, ElementType type, const Layout& layout,
                    const Geometry& geometry, const std::string& name);

// The voxels for a file, little-endian, the last axis fastest. f16 and bf16 become f32, bool
// becomes u8, and integers are stored as they once were (Volume::stored), if all of them fit.
struct RawVoxels {
  ElementType type;
  std::string bytes;
};
RawVoxels raw_voxels(const Volume& volume);

}  // namespace tessera::io
