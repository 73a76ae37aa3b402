#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace tessera::io {

// Pixels along each axis of space; a picture has depth 1.
struct Extent {
  int64_t depth = 1, height = 0, width = 0;
  int64_t count() const { return depth * height * width; }
  bool operator==(const Extent&) const = default;
};

// A picture, or a volume, on its way into a network.
//
// pixels  [channels, depth, height, width], row-major. Samples of picture files are divided by the
// largest
//         value their format can hold, so they lie in [0, 1]; so are .npy arrays of u8, while all
//         other arrays are as stored
struct Image {
  int64_t channels = 0, depth = 1, height = 0, width = 0;
  std::vector<float> pixels;

  Image() = default;
  Image(int64_t channels, int64_t height, int64_t width, float value = 0);  // a picture
  Image(int64_t channels, Extent extent, float value = 0);
  Extent extent() const { return {depth, height, width}; }
  float& at(int64_t c, int64_t h, int64_t w) { return pixels[index(c, 0, h, w)]; }
  float at(int64_t c, int64_t h, int64_t w) const { return pixels[index(c, 0, h, w)]; }
  float& at(int64_t c, int64_t d, int64_t h, int64_t w) { return pixels[index(c, d, h, w)]; }
  float at(int64_t c, int64_t d, int64_t h, int64_t w) const { return pixels[index(c, d, h, w)]; }
  // All pixels of a channel, [depth, height, width].
  std::span<float> plane(int64_t c);
  std::span<const float> plane(int64_t c) const;
  bool operator==(const Image&) const = default;

 private:
  size_t index(int64_t c, int64_t d, int64_t h, int64_t w) const {
    return static_cast<size_t>(((c * depth + d) * height + h) * width + w);
  }
};

// A class for each pixel.
//
// labels  [depth, height, width], row-major, class indices from 0
struct LabelMap {
  int64_t depth = 1, height = 0, width = 0;
  std::vector<int32_t> labels;

  LabelMap() = default;
  LabelMap(int64_t height, int64_t width, int32_t label = 0);  // of a picture
  explicit LabelMap(Extent extent, int32_t label = 0);
  Extent extent() const { return {depth, height, width}; }
  int32_t& at(int64_t h, int64_t w) { return labels[index(0, h, w)]; }
  int32_t at(int64_t h, int64_t w) const { return labels[index(0, h, w)]; }
  int32_t& at(int64_t d, int64_t h, int64_t w) { return labels[index(d, h, w)]; }
  int32_t at(int64_t d, int64_t h, int64_t w) const { return labels[index(d, h, w)]; }
  bool operator==(const LabelMap&) const = default;

 private:
  size_t index(int64_t d, int64_t h, int64_t w) const {
    return static_cast<size_t>((d * height + h) * width + w);
  }
};

// Slice d of a volume, from 0, as a picture. Throws Error when there is no such slice.
Image slice(const Image& volume, int64_t d);
LabelMap slice(const LabelMap& volume, int64_t d);

struct ImageSize {
  int64_t channels = 0, height = 0, width = 0;
  bool operator==(const ImageSize&) const = default;
};

// Whether the name ends as a file that read_image or read_labels can read: .png, .jpg, .jpeg, .bmp,
// .pgm, .ppm, .npy, .tif, .tiff, in small or capital letters.
bool is_image_name(const std::filesystem::path& path);

// Reads PNG (1 to 16 bits, grey, RGB, palette), JPEG, BMP, PGM and PPM by what is in the file, not
// by its name; TIFF of one page (see tiff.h), which may be floating; and .npy arrays [H, W] or
// [H, W, C] of at most 16 channels.
//
// A palette gives its colours (one channel when all of them are grey). Alpha is dropped: colours
// stay as stored. Throws Error naming the file and the reason; the memory taken is bounded by the
// length of the file.
Image read_image(const std::filesystem::path& path);

// The size of what read_image gives; reads no more than it must.
ImageSize read_image_size(const std::filesystem::path& path);

// Reads a mask as class indices: grey samples as they are stored (unscaled, at any bit depth), or
// the indices of a palette, or a .npy array [H, W] of bool, integers, or whole floats.
//
// An RGB mask is read when its three channels are equal. Throws Error for colours, for JPEG (its
// compression changes values), for negative or broken values, and for damaged files.
LabelMap read_labels(const std::filesystem::path& path);

// Writes a PNG of 1 (grey) or 3 (RGB) channels with 8 or 16 bits a sample; [0, 1] is mapped to the
// whole range, values outside are clipped, NaN is black. The file appears whole or not at all.
void write_png(const Image& image, const std::filesystem::path& path, int bits = 8);

// The bytes that write_png writes, for pictures inside of other files.
std::string encode_png(const Image& image, int bits = 8);

// Writes class indices as an 8-bit PNG: with a palette (RGB triples, one for each class; see
// class_palette), viewers show colours and readers find the indices; without, it is grey. Labels
// above 255 are written as 16-bit grey. Throws Error for labels that do not fit.
void write_png(const LabelMap& labels, const std::filesystem::path& path,
               std::span<const uint8_t> palette = {});

// Writes 8-bit PGM (1 channel) or PPM (3 channels).
void write_pnm(const Image& image, const std::filesystem::path& path);

}  // namespace tessera::io
