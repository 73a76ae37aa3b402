#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "io/augment_text.h"

using namespace tessera::io;

namespace {

Image changed(const std::string& text, Image image, uint32_t trial) {
  const AugmentStep step = parse_augment(text).steps[0];
  Draws draws(3, 7, trial);
  step.kind->change(step, draws, image);
  return image;
}

Image ramp(Extent extent) {
  Image image(1, extent);
  for (size_t i = 0; i < image.pixels.size(); ++i)
    image.pixels[i] = 1 + static_cast<float>(i * i % 83);
  return image;
}

}  // namespace

TEST_SUITE("io/artifact_steps") {
  TEST_CASE("boxes have the size and number asked for, somewhere, and their mean") {
    const Image image = ramp({1, 20, 40});
    int64_t first_rows[20] = {};
    for (uint32_t trial = 0; trial < 400; ++trial) {
      const Image one = changed("cutout(0.25,0.25,count=1)", image, trial);
      int64_t top = -1, count = 0;
      for (int64_t h = 0; h < 20; ++h) {
        for (int64_t w = 0; w < 40; ++w) {
          if (one.at(0, h, w) == image.at(0, h, w)) continue;
          if (top < 0) top = h;
          ++count;
        }
      }
      CHECK(count > 40);  // 5 x 10, of which few have the mean by chance
      CHECK(count <= 50);
      ++first_rows[top];
    }
    for (int row = 0; row <= 15; ++row) CHECK(first_rows[row] > 5);
    // 42 values, and those of the boxes.
    Image many = changed("cutout(0.2,0.3,count=4)", ramp({10, 20, 20}), 1);
    std::sort(many.pixels.begin(), many.pixels.end());
    CHECK(std::unique(many.pixels.begin(), many.pixels.end()) - many.pixels.begin() > 43);
  }

  TEST_CASE("fields are one where coefficients are zero, and have the range asked for") {
    const Image flat(1, {1, 1, 1}, 1);  // exp of the first coefficient alone
    double low = 1e9, high = -1e9;
    for (uint32_t trial = 0; trial < 400; ++trial) {
      const double c = std::log(changed("bias(0.5)", flat, trial).pixels[0]);
      low = std::min(low, c);
      high = std::max(high, c);
    }
    CHECK(low >= -0.5);
    CHECK(low < -0.47);
    CHECK(high <= 0.5);
    CHECK(high > 0.47);
    CHECK(changed("bias(0,0)", ramp({4, 4, 4}), 0) == ramp({4, 4, 4}));
  }

  TEST_CASE("ghosts, spikes and motion without strength leave the image") {
    const Image image = ramp({1, 16, 20});
    for (const char* text : {"ghosting(0,0)", "spikes(0,0)", "motion(0,shift=0,count=3)",
                             "gradient(0,0)", "localgamma(1,1,above=1)"}) {
      const Image same = changed(text, image, 4);
      CAPTURE(text);
      for (size_t i = 0; i < image.pixels.size(); ++i)
        CHECK(same.pixels[i] == doctest::Approx(image.pixels[i]).epsilon(1e-4));
    }
  }

  TEST_CASE("hills are as high as asked, up or down; both sides of gamma are drawn") {
    const Image dark(1, {1, 24, 24});
    int up = 0;
    for (uint32_t trial = 0; trial < 300; ++trial) {
      const Image image = changed("gradient(1,5,absolute)", dark, trial);
      float most = 0;
      for (const float x : image.pixels) most = std::abs(x) > std::abs(most) ? x : most;
      CHECK(std::abs(most) >= 0.999F);
      CHECK(std::abs(most) <= 5.001F);
      up += most > 0 ? 1 : 0;
    }
    CHECK(std::abs(up - 150) < 40);
    Image grey(1, 8, 8, 0.5F);
    grey.pixels[0] = 0;
    grey.pixels[63] = 1;
    int brighter = 0;
    for (uint32_t trial = 0; trial < 300; ++trial) {
      const Image image = changed("localgamma(0.5,0.8,above=1.5..2)", grey, trial);
      float sum = 0;
      for (const float x : image.pixels) sum += x - 0.5F;
      brighter += sum > 0 ? 1 : 0;
    }
    CHECK(std::abs(brighter - 150) < 40);
  }
}
