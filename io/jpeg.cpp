#include "io/jpeg.h"

#include <algorithm>
#include <cmath>

#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STB_IMAGE_WRITE_STATIC
#define STBI_WRITE_NO_STDIO
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#include <stb/stb_image_write.h>
#pragma GCC diagnostic pop

#include "core/error.h"
#include "io/picture.h"

namespace tessera::io {

std::string encode_jpeg(const Image& image, int quality) {
  require((image.channels == 1 || image.channels == 3) && image.depth == 1 && image.height > 0 &&
              image.width > 0 && image.height <= 65535 && image.width <= 65535,
          "encode_jpeg: it must be a picture of 1 or 3 channels and at most 65535 pixels a side, "
          "got {} channels of {} x {} x {}",
          image.channels, image.depth, image.height, image.width);
  require(quality >= 1 && quality <= 100, "encode_jpeg: the quality must be from 1 to 100, got {}",
          quality);
  const auto step = static_cast<size_t>(image.channels);
  std::vector<uint8_t> samples(image.pixels.size());
  for (int64_t c = 0; c < image.channels; ++c) {
    const std::span<const float> plane = image.plane(c);
    for (size_t i = 0; i < plane.size(); ++i) {
      const float x = plane[i] > 0 ? std::min(plane[i], 1.0F) : 0;  // also for NaN
      samples[i * step + static_cast<size_t>(c)] = static_cast<uint8_t>(std::lround(x * 255));
    }
  }
  std::string bytes;
  const auto append = [](void* to, void* data, int size) {
    static_cast<std::string*>(to)->append(static_cast<const char*>(data),
                                          static_cast<size_t>(size));
  };
  const int done = stbi_write_jpg_to_func(
      append, &bytes, static_cast<int>(image.width), static_cast<int>(image.height),
      static_cast<int>(image.channels), samples.data(), quality);
  require(done != 0, "encode_jpeg: the picture cannot be written");
  return bytes;
}

Image through_jpeg(const Image& image, int quality) {
  const Picture picture = decode_picture(encode_jpeg(image, quality), "through_jpeg");
  Image result(image.channels, image.extent());
  const auto step = static_cast<size_t>(picture.channels);
  for (int64_t c = 0; c < image.channels; ++c) {
    const std::span<float> plane = result.plane(c);
    for (size_t i = 0; i < plane.size(); ++i)
      plane[i] = static_cast<float>(
                     picture.samples[i * step + std::min(static_cast<size_t>(c), step - 1)]) /
                 static_cast<float>(picture.white);
  }
  return result;
}

}  // namespace tessera::io
