#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "io/dataset_layout.h"
#include "io/geometry.h"

namespace tessera::io {

// What the doctor sees of each file, before anything is decided.

// A mask as it is stored, before anybody knows what its values mean.
//
// codes  [D, H, W]: values; indices of a palette; or colours as 65536 R + 256 G + B. What is not
//        finite is -1.
struct RawMask {
  std::array<int64_t, 3> extents = {1, 0, 0};
  std::vector<float> codes = {};
  std::vector<uint8_t> palette = {};  // RGB triples, when codes are indices
  bool coloured = false;              // codes are colours
  bool lossy = false;                 // a JPEG
  bool floating = false;              // stored as floating-point numbers
  std::optional<Geometry> geometry = {};
};

// Throws Error naming the file when it cannot be read as a mask in any way.
RawMask read_raw_mask(const std::filesystem::path& path);

// One code of a mask.
struct Code {
  int64_t count = 0;  // pixels that hold it
  int64_t solid = 0;  // of them, those whose eight neighbours hold it, too
  float value = 0;    // what it means, as far as the checks have found out; at first itself
};

struct MaskFacts {
  std::string error = {};  // why it cannot be read; empty: it can
  std::array<int64_t, 3> extents = {1, 0, 0};
  std::vector<uint8_t> palette = {};
  bool coloured = false, lossy = false, floating = false;
  std::optional<Geometry> geometry = {};
  std::map<float, Code> codes = {};  // the most frequent ones
  bool complete = true;              // those are all
};

// At most so many codes of a mask are looked at.
inline constexpr size_t kMostCodes = 4096;

MaskFacts facts_of(const RawMask& mask);

struct ImageFacts {
  std::string error;
  std::array<int64_t, 3> extents = {1, 0, 0};
  std::optional<Geometry> geometry;
  int64_t values = 0, broken = 0;  // of all channels; those that are not finite
  float low = 0, high = 0;         // of the finite ones
  std::string digest;              // of shape and values: equal for equal pictures in any format
  // The middle slice of the first channel as 32 x 32 means, with mean 0 and norm 1: the product of
  // two is near 1 for pictures that look alike, in whatever size, brightness and format. Empty for
  // constant ones and for smaller ones.
  std::vector<float> look;
};

// An image file as arrays, also with values that are not finite; read_image refuses those.
//
// pixels  [C, D, H, W]
struct RawImage {
  int64_t channels = 1;
  std::array<int64_t, 3> extents = {1, 0, 0};
  std::vector<float> pixels;
  std::optional<Geometry> geometry = {};
};
RawImage read_raw_image(const std::filesystem::path& path);

// Of a file; never throws for what is in it.
ImageFacts examine_image(const std::filesystem::path& path);
MaskFacts examine_mask(const std::filesystem::path& path);

}  // namespace tessera::io
