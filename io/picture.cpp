#include "io/picture.h"

#include <algorithm>
#include <climits>
#include <memory>

#include "core/error.h"
#include "io/bytes.h"
#include "io/png.h"
#include "io/pnm.h"
#include "io/tiff.h"
#include "io/tiff_pages.h"

// JPEG and BMP are stb_image's; it is compiled here and seen nowhere else.
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#include <stb/stb_image.h>

namespace tessera::io {

namespace {

bool is_jpeg(std::string_view bytes) {
  return bytes.starts_with("\xff\xd8\xff");
}

bool is_bmp(std::string_view bytes) {
  return bytes.starts_with("BM");
}

// Whether no Huffman table of a segment has more codes than there are bytes to encode.
bool huffman_tables_fit(std::string_view segment) {
  constexpr size_t kHeader = 17;
  while (segment.size() >= kHeader) {
    size_t codes = 0;
    for (size_t i = 1; i < kHeader; ++i) codes += static_cast<uint8_t>(segment[i]);
    if (codes > 256) return false;
    segment.remove_prefix(std::min(segment.size(), kHeader + codes));
  }
  return segment.empty();
}

// What stb_image does not look at: it writes behind its tables where one is too long, searches for
// markers where there are none, and paints what is missing grey.
struct JpegSegments {
  bool sound = true;      // as far as the file goes
  bool complete = false;  // it goes on to its end marker
};
JpegSegments segments_of_jpeg(std::string_view bytes) {
  if (!is_jpeg(bytes)) return {};
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  size_t at = 2;
  while (at + 2 <= bytes.size()) {
    const int marker = byte(at + 1);
    if (byte(at) != 0xff) return {.sound = false};
    if (marker == 0xd9) return {.complete = true};
    if (marker == 0xff) {  // filling
      ++at;
      continue;
    }
    if (at + 4 > bytes.size()) break;
    const size_t length = number_at<uint16_t>(bytes.data() + at + 2, true);
    const std::string_view segment = bytes.substr(at + 4, length < 2 ? 0 : length - 2);
    if (marker == 0xc4 && !huffman_tables_fit(segment)) return {.sound = false};
    at += 2 + length;
    if (marker != 0xda) continue;
    // Entropy-coded data goes on until a marker that is neither a stuffed 0 nor a restart.
    const auto in_data = [&] {
      const int next = byte(at + 1);
      return byte(at) != 0xff || next == 0 || (next >= 0xd0 && next <= 0xd7);
    };
    while (at + 2 <= bytes.size() && in_data()) ++at;
  }
  return {};
}

// Bytes that a BMP of this size must have. stb_image takes what is missing as black.
int64_t bytes_of_bmp(std::string_view bytes, int64_t height, int64_t width) {
  if (bytes.size() < 30) return 30;
  const bool old = number_at<uint32_t>(bytes.data() + 14) == 12;
  const int64_t bits = number_at<uint16_t>(bytes.data() + (old ? 24 : 28));
  return number_at<uint32_t>(bytes.data() + 10) + (width * bits + 31) / 32 * 4 * height;
}

Picture decode_stb_header(std::string_view bytes, const JpegSegments& segments,
                          const std::string& name) {
  require(bytes.size() <= INT_MAX, "{}: a JPEG or BMP must be smaller than 2 GiB", name);
  require(segments.sound, "{} is damaged: its segments or Huffman tables are not those of a JPEG",
          name);
  int width = 0, height = 0, channels = 0;
  const bool readable =
      stbi_info_from_memory(reinterpret_cast<const stbi_uc*>(bytes.data()),
                            static_cast<int>(bytes.size()), &width, &height, &channels) != 0;
  require(readable, "{} is damaged: {}", name, readable ? "" : stbi_failure_reason());
  require_size(height, width, name);
  return {.height = height, .width = width, .channels = channels, .lossy = is_jpeg(bytes)};
}

Picture decode_stb(std::string_view bytes, const std::string& name) {
  const JpegSegments segments = segments_of_jpeg(bytes);
  Picture picture = decode_stb_header(bytes, segments, name);
  const auto size = static_cast<int64_t>(bytes.size());
  // A JPEG spends at least a bit on a block of 64 pixels.
  const bool complete = picture.lossy
                            ? picture.height * picture.width <= size * 8 * 64 && segments.complete
                            : bytes_of_bmp(bytes, picture.height, picture.width) <= size;
  require(complete, "{} is truncated: {} bytes cannot hold {}x{} pixels", name, size, picture.width,
          picture.height);

  int width = 0, height = 0, channels = 0;
  const std::unique_ptr<stbi_uc, void (*)(void*)> samples(
      stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(bytes.data()),
                            static_cast<int>(bytes.size()), &width, &height, &channels, 0),
      stbi_image_free);
  require(samples != nullptr, "{} is damaged: {}", name, samples ? "" : stbi_failure_reason());
  picture.channels = channels;
  picture.samples.assign(samples.get(),
                         samples.get() + int64_t{height} * int64_t{width} * int64_t{channels});
  return picture;
}

void require_known(bool known, const std::string& name) {
  require(known, "{} is not a picture that can be read; use PNG, JPEG, BMP, PGM, PPM, TIFF or .npy",
          name);
}

}  // namespace

void require_size(int64_t height, int64_t width, const std::string& name) {
  require(width > 0 && height > 0 && width <= Picture::max_pixels / height,
          "{}: pictures must have 1 to {} pixels, got {}x{}", name, Picture::max_pixels, width,
          height);
}

Picture decode_picture(std::string_view bytes, const std::string& name) {
  if (is_png(bytes)) return decode_png(bytes, name);
  if (is_pnm(bytes)) return decode_pnm(bytes, name);
  if (is_tiff(bytes)) return decode_tiff_picture(bytes, name);
  require_known(is_jpeg(bytes) || is_bmp(bytes), name);
  return decode_stb(bytes, name);
}

Picture decode_picture_header(std::string_view bytes, const std::string& name) {
  if (is_png(bytes)) return decode_png_header(bytes, name);
  if (is_pnm(bytes)) return decode_pnm_header(bytes, name);
  if (is_tiff(bytes)) return decode_tiff_picture_header(bytes, name);
  require_known(is_jpeg(bytes) || is_bmp(bytes), name);
  return decode_stb_header(bytes, segments_of_jpeg(bytes), name);
}

}  // namespace tessera::io
