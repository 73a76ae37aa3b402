#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "io/augment_text.h"
#include "io/filter.h"
#include "io/intensity.h"

using namespace tessera::io;

namespace {

Image changed(const std::string& text, Image image, uint32_t trial) {
  const AugmentStep step = parse_augment(text).steps[0];
  Draws draws(2, 7, trial);
  step.kind->change(step, draws, image);
  return image;
}

Image of(std::vector<float> pixels) {
  Image image(1, 1, std::ssize(pixels));
  image.pixels = std::move(pixels);
  return image;
}

}  // namespace

TEST_SUITE("io/intensity_steps") {
  TEST_CASE("strengths fill their ranges") {
    struct Row {
      const char* text;
      double low, high;
      double (*strength)(const Image&);  // from {0.2, 0.4}
    };
    const Row rows[] = {
        {"brightness(0.8,1.2)", 0.8, 1.2, [](const Image& x) { return x.pixels[1] / 0.4; }},
        {"multiply(0.5,3)", 0.5, 3, [](const Image& x) { return x.pixels[1] / 0.4; }},
        {"contrast(0.8,1.2)", 0.8, 1.2,
         [](const Image& x) { return (x.pixels[1] - x.pixels[0]) / 0.2; }},
        {"gamma(0.7,1.5)", 0.7, 1.5,
         [](const Image& x) { return std::log(x.pixels[1]) / std::log(0.4); }},
    };
    for (const Row& row : rows) {
      double low = 1e9, high = -1e9;
      for (uint32_t trial = 0; trial < 400; ++trial) {
        const double strength = row.strength(changed(row.text, of({0.2F, 0.4F}), trial));
        low = std::min(low, strength);
        high = std::max(high, strength);
      }
      CAPTURE(row.text);
      const double slack = (row.high - row.low) / 20;
      CHECK(low > row.low - 1e-4);
      CHECK(low < row.low + slack);
      CHECK(high < row.high + 1e-4);
      CHECK(high > row.high - slack);
    }
  }

  TEST_CASE("noise and offsets have the strength asked for, of the range or absolute") {
    double noise = 0, absolute = 0, offset = 0;
    const Image image = of({-10, 0, 10});
    for (uint32_t trial = 0; trial < 3000; ++trial) {
      const auto square = [&](const char* text) {
        const double d = changed(text, image, trial).pixels[1];
        return d * d / 3000;
      };
      noise += square("noise(0.1,0.1)");
      absolute += square("noise(0.1,0.1,absolute)");
      offset += square("offset(0.1,0.1)");
    }
    CHECK(std::sqrt(noise) == doctest::Approx(2).epsilon(0.05));
    CHECK(std::sqrt(absolute) == doctest::Approx(0.1).epsilon(0.05));
    CHECK(std::sqrt(offset) == doctest::Approx(2).epsilon(0.05));
  }

  TEST_CASE("jitter is brightness, contrast, saturation and hue in all orders") {
    Image colour(3, 1, 1);
    colour.pixels = {0.6F, 0.5F, 0.3F};
    Image same = changed("jitter(1,1,hue=0)", colour, 3);
    for (size_t i = 0; i < 3; ++i) CHECK(same.pixels[i] == doctest::Approx(colour.pixels[i]));
    // Brighter, then nearer to the mean, is not the same as the other way round when clipped.
    double low = 1, high = 0;
    for (uint32_t trial = 0; trial < 50; ++trial) {
      const float x = changed("jitter(2,2,hue=0)", of({0.1F, 0.7F}), trial).pixels[0];
      low = std::min<double>(low, x);
      high = std::max<double>(high, x);
    }
    CHECK(high - low < 0.31);
    double least = 1, most = 0;
    for (uint32_t trial = 0; trial < 50; ++trial) {
      const float x = changed("jitter(0.6,1.4,hue=0)", of({0.5F, 0.5F}), trial).pixels[0];
      least = std::min<double>(least, x);
      most = std::max<double>(most, x);
    }
    CHECK(least < 0.35);
    CHECK(least >= 0.3 - 1e-6);
    CHECK(most > 0.65);
    CHECK(most <= 0.7 + 1e-6);
  }

  TEST_CASE("histograms stay in their range, between the ends") {
    bool moved = false;
    for (uint32_t trial = 0; trial < 50; ++trial) {
      const Image image = changed("histogram(5)", of({0, 1, 2, 3, 4}), trial);
      CHECK(image.pixels[0] == doctest::Approx(0));
      CHECK(image.pixels[4] == doctest::Approx(4));
      for (size_t i = 1; i < 5; ++i) CHECK(image.pixels[i] >= image.pixels[i - 1] - 1e-5F);
      moved = moved || std::abs(image.pixels[2] - 2) > 0.5F;
    }
    CHECK(moved);
  }

  TEST_CASE("blurs of each axis, medians, and fewer pixels where there are enough") {
    Image point(1, {9, 9, 9});
    point.at(0, 4, 4, 4) = 1;
    const Image together = changed("blur(0.5,2)", point, 1);
    CHECK(together.at(0, 4, 4, 5) == doctest::Approx(together.at(0, 5, 4, 4)));
    const Image apart = changed("blur(0.5,2,axes)", point, 1);
    CHECK(std::abs(apart.at(0, 4, 4, 5) - apart.at(0, 5, 4, 4)) > 1e-4F);
    Image thin(1, {2, 16, 16});
    for (size_t i = 0; i < thin.pixels.size(); ++i) thin.pixels[i] = i < 256 ? 1 : 5;
    CHECK(changed("lowres(0.5,0.5)", thin, 0) == thin);
    CHECK(changed("median(3)", of({5, 1, 2, 9, 3}), 0).pixels == std::vector<float>{5, 2, 2, 3, 3});
    Image expected = of({1, 2, 4, 8});
    sharpen_(expected, 0.5);
    CHECK(changed("sharpen(0.5)", of({1, 2, 4, 8}), 0) == expected);
  }
}
