#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "io/element_type.h"

namespace tessera::io {

// TIFF through libtiff, when that was there while tessera was built. Pages are what is in the file,
// before anybody decides what they mean (tiff.h does).

// Whether libtiff is there.
bool tiff_supported();

bool is_tiff(std::string_view bytes);

// Pages of one size and type. Small versions of a page and transparency masks are passed over.
//
// bytes  [pages, height, width, channels] numbers of `type`, little-endian
struct TiffStack {
  int64_t pages = 0, height = 0, width = 0, channels = 1;
  ElementType type = {ElementType::Kind::unsigned_integer, 1};
  int64_t white = 255;  // the largest sample; 1 for files of one bit. For 8 and 16 bits
  std::vector<uint8_t> palette = {};          // RGB triples, when samples are indices of colours
  bool lossy = false;                         // the file's compression changed the samples
  std::string description = "";               // of the first page
  double x_resolution = 0, y_resolution = 0;  // pixels per unit; 0: unknown
  bool per_centimetre = false;                // that unit, if the file knows it
  std::string bytes = "";
};

// Reads strips and tiles, plain or packed (PackBits, LZW, deflate, JPEG), of 1, 8, 16, 32 and 64
// bits. Throws Error, beginning with `name`, when `bytes` are no TIFF, damaged or truncated, pages
// differ, or this build has no libtiff. No more memory is taken than 4096 times what the file has.
TiffStack decode_tiff(std::string_view bytes, const std::string& name);

// The same without `bytes`, which is much faster.
TiffStack decode_tiff_header(std::string_view bytes, const std::string& name);

// The file; `compress` packs it with deflate. Throws Error, beginning with `name`.
std::string encode_tiff(const TiffStack& stack, bool compress, const std::string& name);

}  // namespace tessera::io
