#include "io/phone_photo.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;
using namespace tessera::io;

namespace {

// A bright disc on dark ground and its mask.
Image disc(LabelMap& mask) {
  Image image(1, 96, 128);
  mask = LabelMap(96, 128);
  for (int64_t h = 0; h < 96; ++h) {
    for (int64_t w = 0; w < 128; ++w) {
      const bool inside = (h - 40) * (h - 40) + (w - 80) * (w - 80) < 600;
      image.at(0, h, w) = inside ? 0.9F : 0.2F;
      mask.at(h, w) = inside ? 1 : 0;
    }
  }
  return image;
}

double difference(const Image& a, const Image& b) {
  double sum = 0;
  for (size_t i = 0; i < a.pixels.size(); ++i)
    sum += std::abs(a.pixels[i] - b.pixels[i % b.pixels.size()]) /
           static_cast<double>(a.pixels.size());
  return sum;
}

}  // namespace

TEST_SUITE("io/phone_photo") {
  TEST_CASE("a perfect photo is the picture") {
    LabelMap mask;
    const Image image = disc(mask);
    const PhonePhoto perfect{.jpeg_quality = 100};
    CHECK(difference(take_photo(image, perfect), image) < 0.01);
    CHECK(take_photo(mask, perfect) == mask);
  }

  TEST_CASE("each severity is worse than the one before, and masks follow the picture") {
    LabelMap mask;
    const Image image = disc(mask);
    double last = 0;
    for (int64_t severity = 1; severity <= kMostSevere; ++severity) {
      double sum = 0;
      int64_t wrong = 0;
      for (uint32_t trial = 0; trial < 6; ++trial) {
        PhonePhoto photo = draw_phone_photo(severity, Draws(1, trial));
        sum += difference(take_photo(image, photo), image);
        // Without what changes light, a threshold finds the mask.
        PhonePhoto plain = photo;
        plain.screen_depth = plain.haze = plain.glare = plain.vignette = 0;
        plain.gain = plain.red = plain.blue = 1;
        plain.shot_noise = plain.read_noise = plain.motion = plain.blur = 0;
        plain.jpeg_quality = 95;
        const Image seen = take_photo(image, plain);
        const LabelMap moved = take_photo(mask, plain);
        CHECK(moved == take_photo(mask, photo));
        for (size_t i = 0; i < moved.labels.size(); ++i)
          wrong += (seen.plane(1)[i] > 0.55F) != (moved.labels[i] == 1) ? 1 : 0;
      }
      CHECK(wrong < 6 * 96 * 128 / 200);
      CHECK(sum > last);
      last = sum;
    }
  }

  TEST_CASE("a screen as fine as the camera's pixels makes moire") {
    const Image grey(1, 64, 64, 0.5F);
    PhonePhoto photo{.screen_pitch = 1.05, .screen_depth = 0.2, .jpeg_quality = 100};
    const Image seen = take_photo(grey, photo);
    // A wave of 21 pixels: the difference of the two grids.
    double in_step = 0, counter = 0;
    for (int64_t w = 0; w + 21 < 64; ++w) {
      in_step += std::abs(seen.at(1, 30, w + 21) - seen.at(1, 30, w)) / 43;
      counter += std::abs(seen.at(1, 30, w + 10) - seen.at(1, 30, w)) / 43;
    }
    CHECK(in_step < 0.02);
    CHECK(counter > 0.08);
  }

  TEST_CASE("photos are repeated from their record") {
    LabelMap mask;
    const Image image = disc(mask);
    const PhonePhoto photo = draw_phone_photo(4, Draws(7, 1));
    const PhonePhoto again = phone_photo_from_json(to_json(photo), "record");
    CHECK(to_json(again) == to_json(photo));
    CHECK(take_photo(image, again) == take_photo(image, photo));
    CHECK(to_json(draw_phone_photo(4, Draws(7, 2))) != to_json(photo));
    CHECK_THROWS_WITH_AS(phone_photo_from_json("{\"severity\": 1}", "record"),
                         doctest::Contains("record"), Error);
    CHECK_THROWS_WITH_AS(draw_phone_photo(6, Draws(1, 1)), doctest::Contains("from 1 to 5, got 6"),
                         Error);
    CHECK_THROWS_AS(take_photo(Image(1, {2, 8, 8}), photo), Error);
  }
}
