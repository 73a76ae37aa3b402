#pragma once

#include <string>

#include "io/image.h"
#include "tests/oracle.h"

namespace tessera::testing {

// A recorded array [C, D, H, W] as an image.
inline io::Image recorded_image(const Oracle& oracle, const std::string& key) {
  const Tensor x = oracle(key);
  io::Image image(x.shape(0), io::Extent{x.shape(1), x.shape(2), x.shape(3)});
  image.pixels = x.to_vector<float>();
  return image;
}

// Fails the test unless the image is as recorded, up to rtol times the largest value.
inline void check_image(const io::Image& image, const Tensor& expected, double rtol = 1e-5) {
  check_close(tensor<float>(image.pixels, {image.channels, image.depth, image.height, image.width}),
              expected, rtol);
}

}  // namespace tessera::testing
