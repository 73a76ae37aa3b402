#include "io/preprocess.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/io/temporary_set.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;

namespace {

Image image_of(int64_t channels, int64_t height, int64_t width, std::vector<float> pixels) {
  Image image(channels, height, width);
  image.pixels = std::move(pixels);
  return image;
}

void check_pixels(const Image& image, const std::vector<double>& expected) {
  REQUIRE(image.pixels.size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i)
    CHECK(image.pixels[i] == doctest::Approx(expected[i]).epsilon(1e-5));
}

Image normalized(Image image, Normalize normalize) {
  normalize_(image, {.normalize = normalize});
  return image;
}

}  // namespace

TEST_SUITE("io/preprocess") {
  TEST_CASE("channels are repeated or mixed to grey") {
    const Image grey = image_of(1, 1, 2, {0.2F, 0.8F});
    check_pixels(prepare(grey, {.channels = 3}), {0.2, 0.8, 0.2, 0.8, 0.2, 0.8});
    const Image colour = image_of(3, 1, 1, {1, 0.5, 0.25});
    check_pixels(prepare(colour, {.channels = 1}), {0.299 + 0.587 * 0.5 + 0.114 * 0.25});
    CHECK(prepare(colour, {.channels = 3}) == colour);
    CHECK_THROWS_WITH_AS(prepare(colour, {.channels = 4}),
                         "preprocess: an image of 3 channels cannot be given 4", Error);
  }

  TEST_CASE("each normalization is its formula, channel by channel") {
    const Image image = image_of(2, 1, 4, {0, 1, 2, 3, 5, 5, 5, 5});
    CHECK(normalized(image, Normalize::none) == image);
    const double std = std::sqrt(1.25);
    check_pixels(normalized(image, Normalize::zscore),
                 {-1.5 / std, -0.5 / std, 0.5 / std, 1.5 / std, 0, 0, 0, 0});
    check_pixels(normalized(image, Normalize::minmax), {0, 1.0 / 3, 2.0 / 3, 1, 0, 0, 0, 0});
    CHECK_THROWS_WITH_AS(normalized(image, Normalize::imagenet),
                         "normalize: imagenet is for 1 or 3 channels, got 2; use zscore", Error);
    check_pixels(normalized(image_of(3, 1, 1, {0.5, 0.5, 0.5}), Normalize::imagenet),
                 {0.015 / 0.229, 0.044 / 0.224, 0.094 / 0.225});
  }

  TEST_CASE("percentiles clip what is beyond them, as numpy.percentile counts") {
    Image image(1, 1, 101);
    for (int64_t i = 0; i <= 100; ++i) image.at(0, 0, 100 - i) = static_cast<float>(i);
    normalize_(image, {.normalize = Normalize::percentile, .low = 10.5, .high = 60});
    CHECK(image.at(0, 0, 100) == 0);
    CHECK(image.at(0, 0, 100 - 60) == 1);
    CHECK(image.at(0, 0, 0) == 1);
    CHECK(image.at(0, 0, 100 - 11) == doctest::Approx(0.5 / 49.5));
  }

  TEST_CASE("padding keeps the shape of what is seen") {
    const Preprocess pad{.height = 8, .width = 8, .fit = Fit::pad};
    const Image wide = prepare(Image(1, 2, 4, 1), pad);
    CHECK(wide.height == 8);
    for (int64_t h = 0; h < 8; ++h)
      for (int64_t w = 0; w < 8; ++w)
        CHECK(wide.at(0, h, w) == doctest::Approx(h >= 2 && h < 6 ? 1 : 0));
    const LabelMap mask = resize_input(LabelMap(2, 4, 3), pad);
    CHECK(mask.at(1, 0) == 0);
    CHECK(mask.at(2, 0) == 3);
    CHECK(prepare(Image(1, 3, 5, 1), {.height = 6}).width == 5);
  }

  TEST_CASE("what is predicted goes back to where it was seen") {
    for (const Fit fit : {Fit::stretch, Fit::pad}) {
      const Preprocess preprocess{.height = 48, .width = 32, .fit = fit};
      LabelMap mask(12, 20);
      for (int64_t h = 3; h < 9; ++h)
        for (int64_t w = 5; w < 10; ++w) mask.at(h, w) = 1;
      // Scores that are sure of the resized mask.
      const LabelMap seen = resize_input(mask, preprocess);
      Image scores(2, 48, 32);
      for (size_t i = 0; i < seen.labels.size(); ++i) scores.plane(seen.labels[i])[i] = 1;
      CHECK(best_class(restore(scores, 12, 20, preprocess)) == mask);
    }
    CHECK_THROWS_WITH_AS(restore(Image(2, 4, 4), 12, 20, {.height = 8, .width = 8}),
                         doctest::Contains("must have 8x8, got 4x4"), Error);
  }

  TEST_CASE("the first of equal scores is the class") {
    CHECK(best_class(image_of(3, 1, 2, {1, 0, 1, 5, 0, 7})).labels == std::vector<int32_t>{0, 2});
  }

  TEST_CASE("JSON gives back the same") {
    const Preprocess preprocess{.channels = 3,
                                .height = 128,
                                .width = 96,
                                .fit = Fit::pad,
                                .normalize = Normalize::percentile,
                                .low = 1,
                                .high = 98.5};
    CHECK(preprocess_from_json(to_json(preprocess)) == preprocess);
    CHECK(preprocess_from_json(to_json(Preprocess{})) == Preprocess{});
    const std::pair<const char*, const char*> wrong[] = {
        {"", "model.json"},
        {"[]", "model.json"},
        {R"({"channels": 1})", "height"},
        {R"({"channels":0,"height":1,"width":1,"fit":"pad","normalize":"none","low":0,"high":1})",
         "channels must be from 1"},
        {R"({"channels":1,"height":-1,"width":1,"fit":"pad","normalize":"none","low":0,"high":1})",
         "got 1, -1, 1"},
        {R"({"channels":1,"height":1,"width":1,"fit":"pad","normalize":"none","low":2,"high":1})",
         "percentiles"},
        {R"({"channels":1,"height":1,"width":1,"fit":"pad","normalize":"zcore","low":0,"high":1})",
         "normalize: there is no 'zcore'; did you mean 'zscore'?"},
    };
    for (const auto& one : wrong) {
      CAPTURE(one.first);
      CHECK_THROWS_WITH_AS(preprocess_from_json(one.first, "model.json"),
                           doctest::Contains(one.second), Error);
    }
  }
}
