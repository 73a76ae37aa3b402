#include "io/image.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include "core/error.h"
#include "io/atomic_file.h"
#include "io/bytes.h"
#include "io/npy.h"
#include "io/picture.h"
#include "io/png.h"
#include "io/pnm.h"
#include "io/tiff.h"

namespace tessera::io {

namespace fs = std::filesystem;

namespace {

std::string extension_of(const fs::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return extension;
}

// Beginning of an error about reading `path`.
std::string reading(const char* function, const fs::path& path) {
  return std::string(function) + ": " + path.string();
}

bool is_grey(const std::vector<uint8_t>& palette) {
  for (size_t i = 0; i + 2 < palette.size(); i += 3)
    if (palette[i] != palette[i + 1] || palette[i] != palette[i + 2]) return false;
  return true;
}

// The pictures that colours of a palette make.
Picture with_colours(const Picture& indexed) {
  Picture picture{.height = indexed.height,
                  .width = indexed.width,
                  .channels = is_grey(indexed.palette) ? 1 : 3};
  picture.samples.reserve(indexed.samples.size() * static_cast<size_t>(picture.channels));
  for (const uint16_t index : indexed.samples)
    for (int64_t c = 0; c < picture.channels; ++c)
      picture.samples.push_back(indexed.palette[static_cast<size_t>(index * 3 + c)]);
  return picture;
}

// An array [H, W] or [H, W, C] as planes.
Image array_image(const Tensor& array, const fs::path& path) {
  const std::string name = reading("read_image", path);
  const Shape& shape = array.shape();
  const bool planes = array.ndim() == 3;
  require(
      (array.ndim() == 2 || planes) && array.numel() > 0 && (!planes || shape[2] <= 16),
      "{} must be an array [height, width] or [height, width, channels] of at most 16 channels, "
      "got shape {}",
      name, shape);
  const float scale = array.dtype() == u8 ? 1.0F / 255 : 1;
  const std::vector<float> values = array.to_vector<float>();
  Image image(planes ? shape[2] : 1, shape[0], shape[1]);
  const auto step = static_cast<size_t>(image.channels), width = static_cast<size_t>(image.width);
  for (int64_t c = 0; c < image.channels; ++c) {
    const std::span<float> plane = image.plane(c);
    for (size_t i = 0; i < plane.size(); ++i) {
      const float value = values[i * step + static_cast<size_t>(c)];
      require(std::isfinite(value), "{} holds {} in row {}, column {}; all values must be finite",
              name, value, i / width, i % width);
      plane[i] = value * scale;
    }
  }
  return image;
}

LabelMap array_labels(const fs::path& path) {
  const std::string name = reading("read_labels", path);
  const Tensor array = load_npy(path);
  require(array.ndim() == 2 && array.numel() > 0,
          "{} must be an array [height, width], got shape {}", name, array.shape());
  LabelMap map(array.shape(0), array.shape(1));
  const std::vector<double> values = array.to_vector<double>();
  for (size_t i = 0; i < values.size(); ++i) {
    require(values[i] >= 0 && values[i] <= 65535 && values[i] == std::floor(values[i]),
            "{} holds {}, but class indices must be whole numbers from 0 to 65535", name,
            values[i]);
    map.labels[i] = static_cast<int32_t>(values[i]);
  }
  return map;
}

Picture picture_of(const Image& image, int64_t white, const char* function) {
  require(image.channels == 1 || image.channels == 3,
          "{}: images must have 1 or 3 channels, got {}", function, image.channels);
  require(image.depth == 1, "{}: it must be a picture, got a volume of {} slices; write each one",
          function, image.depth);
  Picture picture{
      .height = image.height, .width = image.width, .channels = image.channels, .white = white};
  picture.samples.resize(image.pixels.size());
  for (int64_t c = 0; c < image.channels; ++c) {
    const std::span<const float> plane = image.plane(c);
    for (size_t i = 0; i < plane.size(); ++i) {
      const float value = std::isnan(plane[i]) ? 0 : std::clamp(plane[i], 0.0F, 1.0F);
      picture.samples[i * static_cast<size_t>(image.channels) + static_cast<size_t>(c)] =
          static_cast<uint16_t>(std::lround(value * static_cast<float>(white)));
    }
  }
  return picture;
}

}  // namespace

Image::Image(int64_t channels, int64_t height, int64_t width, float value)
    : Image(channels, Extent{1, height, width}, value) {}

Image::Image(int64_t channels, Extent extent, float value)
    : channels(channels),
      depth(extent.depth),
      height(extent.height),
      width(extent.width),
      pixels(static_cast<size_t>(channels * extent.count()), value) {}

std::span<float> Image::plane(int64_t c) {
  return std::span(pixels).subspan(index(c, 0, 0, 0), static_cast<size_t>(extent().count()));
}

std::span<const float> Image::plane(int64_t c) const {
  return std::span(pixels).subspan(index(c, 0, 0, 0), static_cast<size_t>(extent().count()));
}

LabelMap::LabelMap(int64_t height, int64_t width, int32_t label)
    : LabelMap(Extent{1, height, width}, label) {}

LabelMap::LabelMap(Extent extent, int32_t label)
    : depth(extent.depth),
      height(extent.height),
      width(extent.width),
      labels(static_cast<size_t>(extent.count()), label) {}

Image slice(const Image& volume, int64_t d) {
  require(d >= 0 && d < volume.depth, "slice: there are {} slices, got {}", volume.depth, d);
  Image picture(volume.channels, volume.height, volume.width);
  const auto area = static_cast<size_t>(volume.height * volume.width);
  for (int64_t c = 0; c < volume.channels; ++c)
    std::copy_n(volume.plane(c).subspan(static_cast<size_t>(d) * area, area).begin(), area,
                picture.plane(c).begin());
  return picture;
}

LabelMap slice(const LabelMap& volume, int64_t d) {
  require(d >= 0 && d < volume.depth, "slice: there are {} slices, got {}", volume.depth, d);
  LabelMap picture(volume.height, volume.width);
  const auto area = volume.height * volume.width;
  std::copy_n(volume.labels.begin() + d * area, area, picture.labels.begin());
  return picture;
}

bool is_image_name(const fs::path& path) {
  const std::string extension = extension_of(path);
  for (const char* known :
       {".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm", ".npy", ".tif", ".tiff"})
    if (extension == known) return true;
  return false;
}

Image read_image(const fs::path& path) {
  if (extension_of(path) == ".npy") return array_image(load_npy(path), path);
  const std::string bytes = read_file(path);
  if (is_floating_tiff(bytes, reading("read_image", path))) {
    return array_image(load_tiff(path).voxels, path);
  }
  Picture picture = decode_picture(bytes, reading("read_image", path));
  if (!picture.palette.empty()) picture = with_colours(picture);
  Image image(picture.channels <= 2 ? 1 : 3, picture.height, picture.width);
  const auto step = static_cast<size_t>(picture.channels);
  const auto white = static_cast<float>(picture.white);
  for (int64_t c = 0; c < image.channels; ++c) {
    const std::span<float> plane = image.plane(c);
    const uint16_t* sample = picture.samples.data() + c;
    for (size_t i = 0; i < plane.size(); ++i)
      plane[i] = static_cast<float>(sample[i * step]) / white;
  }
  return image;
}

ImageSize read_image_size(const fs::path& path) {
  if (extension_of(path) == ".npy") {
    const Image image = array_image(load_npy(path), path);
    return {image.channels, image.height, image.width};
  }
  const std::string bytes = read_file(path), name = reading("read_image", path);
  if (is_floating_tiff(bytes, name)) {
    const Image image = array_image(load_tiff(path).voxels, path);
    return {image.channels, image.height, image.width};
  }
  const Picture picture = decode_picture_header(bytes, name);
  const bool coloured = picture.palette.empty() ? picture.channels >= 3 : !is_grey(picture.palette);
  return {coloured ? 3 : 1, picture.height, picture.width};
}

LabelMap read_labels(const fs::path& path) {
  if (extension_of(path) == ".npy") return array_labels(path);
  const std::string name = reading("read_labels", path);
  const Picture picture = decode_picture(read_file(path), name);
  require(!picture.lossy,
          "{} is a JPEG, whose compression changes class indices; store masks as PNG", name);
  const auto step = static_cast<size_t>(picture.channels);
  LabelMap map(picture.height, picture.width);
  for (size_t i = 0; i < map.labels.size(); ++i) {
    const uint16_t* pixel = picture.samples.data() + i * step;
    require(step < 3 || (pixel[0] == pixel[1] && pixel[0] == pixel[2]),
            "{} holds colours such as ({}, {}, {}), but a mask must hold class indices; write it "
            "as a grey or palette PNG in which the value of a pixel is its class",
            name, pixel[0], step < 3 ? 0 : pixel[1], step < 3 ? 0 : pixel[2]);
    map.labels[i] = pixel[0];
  }
  return map;
}

std::string encode_png(const Image& image, int bits) {
  require(bits == 8 || bits == 16, "encode_png: bits must be 8 or 16, got {}", bits);
  return encode_png(picture_of(image, bits == 8 ? 255 : 65535, "encode_png"));
}

void write_png(const Image& image, const fs::path& path, int bits) {
  require(bits == 8 || bits == 16, "write_png: bits must be 8 or 16, got {}", bits);
  write_file(path, encode_png(picture_of(image, bits == 8 ? 255 : 65535, "write_png")));
}

void write_png(const LabelMap& labels, const fs::path& path, std::span<const uint8_t> palette) {
  const int64_t colours = std::ssize(palette) / 3;
  require(std::ssize(palette) % 3 == 0 && colours <= 256,
          "write_png: the palette must be at most 256 RGB triples, got {} values", palette.size());
  int32_t least = 0, largest = 0;
  for (const int32_t label : labels.labels) {
    least = std::min(least, label);
    largest = std::max(largest, label);
  }
  const int64_t limit = palette.empty() ? 65535 : colours - 1;
  require(least >= 0 && largest <= limit, "write_png: labels must be from 0 to {}, got {}", limit,
          least < 0 ? least : largest);
  require(labels.depth == 1,
          "write_png: it must be the mask of a picture, got a volume of {} slices; write each one",
          labels.depth);
  Picture picture{.height = labels.height,
                  .width = labels.width,
                  .channels = 1,
                  .white = largest > 255 ? 65535 : 255};
  picture.samples.assign(labels.labels.begin(), labels.labels.end());
  picture.palette.assign(palette.begin(), palette.end());
  write_file(path, encode_png(picture));
}

void write_pnm(const Image& image, const fs::path& path) {
  write_file(path, encode_pnm(picture_of(image, 255, "write_pnm")));
}

}  // namespace tessera::io
