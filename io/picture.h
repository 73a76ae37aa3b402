#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::io {

// The samples of a picture file as they are stored, before anybody decides what they mean
// (image.h does).
//
// samples  [height, width, channels], each from 0 to `white`
struct Picture {
  int64_t height = 0, width = 0;
  int64_t channels = 1;  // 1 grey or index, 2 grey and alpha, 3 RGB, 4 RGB and alpha
  int64_t white = 255;
  std::vector<uint16_t> samples = {};
  std::vector<uint8_t> palette = {};  // RGB triples, when samples are indices of colours
  bool lossy = false;                 // the file's compression changed the samples

  // No picture may have more pixels, whatever its file claims.
  static constexpr int64_t max_pixels = int64_t{1} << 28;
};

// Throws Error, beginning with `name`, when a picture of that size is empty or too large.
void require_size(int64_t height, int64_t width, const std::string& name);

// Decodes PNG, JPEG, BMP, PGM, PPM or TIFF (tiff.h), told apart by their first bytes. Throws Error
// when `bytes` are none of them, damaged or truncated; its text begins with `name`. No more samples
// are allocated than a file of that length can hold.
Picture decode_picture(std::string_view bytes, const std::string& name);

// The same without the samples, which is much faster.
Picture decode_picture_header(std::string_view bytes, const std::string& name);

}  // namespace tessera::io
