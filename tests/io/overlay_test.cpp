#include "io/overlay.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;
using io::Image;
using io::LabelMap;
using io::Rgb;

namespace {

Rgb pixel(const Image& image, int64_t h, int64_t w) {
  const auto byte = [&](int64_t c) {
    return static_cast<uint8_t>(std::lround(255 * image.at(c, h, w)));
  };
  return {byte(0), byte(1), byte(2)};
}

LabelMap map_of(int64_t height, int64_t width, std::vector<int32_t> labels) {
  LabelMap map(height, width);
  map.labels = std::move(labels);
  return map;
}

}  // namespace

TEST_SUITE("io/overlay") {
  TEST_CASE("regions are filled and outlined in the colour of their class") {
    const Image black(1, 5, 5);
    LabelMap labels(5, 5, 2);
    for (int64_t i = 0; i < 5; ++i) labels.at(0, i) = 0;
    const Image out = io::overlay(black, labels, {.fill = 0.5});
    CHECK(out.channels == 3);
    CHECK(pixel(out, 0, 2) == Rgb{0, 0, 0});
    CHECK(pixel(out, 1, 2) == io::class_color(2));
    CHECK(pixel(out, 2, 2) == Rgb{43, 90, 117});
    CHECK(pixel(io::overlay(black, labels, {.fill = 0.5, .outline = 2}), 2, 2) ==
          io::class_color(2));
    CHECK(pixel(io::overlay(black, labels, {.fill = 0, .outline = 0}), 1, 2) == Rgb{0, 0, 0});
    CHECK(io::overlay(black, labels, {.ignore = 2}).pixels == std::vector<float>(75, 0));
    CHECK(io::overlay(black, LabelMap(5, 5, -3)).pixels == std::vector<float>(75, 0));
  }

  TEST_CASE("errors") {
    const Image grey(1, 1, 5, 0.5F);
    const LabelMap prediction = map_of(1, 5, {1, 1, 0, 1, 1}),
                   truth = map_of(1, 5, {1, 0, 1, 2, 9});
    const Image out = io::error_overlay(grey, prediction, truth, {.fill = 1, .ignore = 9});
    for (int64_t i = 0; i < 4; ++i) CHECK(pixel(out, 0, i) == io::error_kinds()[i].color);
    CHECK(pixel(out, 0, 4) == Rgb{128, 128, 128});
  }

  TEST_CASE("values to look at") {
    Image image(2, 1, 4);
    image.pixels = {0, 0.25, 1, NAN, 9, 9, 9, 9};
    CHECK(io::to_rgb(image).pixels ==
          std::vector<float>{0, 0.25, 1, 0, 0, 0.25, 1, 0, 0, 0.25, 1, 0});
    Image ramp(1, 1, 1001);
    for (size_t i = 0; i < 1001; ++i) ramp.pixels[i] = 10 * static_cast<float>(i) - 3000;
    const Image shown = io::to_rgb(ramp);
    CHECK(shown.at(0, 0, 10) == 0);
    CHECK(shown.at(0, 0, 990) == 1);
    CHECK(std::abs(shown.at(0, 0, 500) - 0.5) < 1e-5);
    CHECK(io::to_rgb(Image(1, 2, 2, 7)).at(0, 1, 1) == 0.5F);
    CHECK(io::to_rgb(Image(3, 1, 1, INFINITY)).at(0, 0, 0) == 1);
    CHECK(io::to_rgb(Image(1, 1, 1, NAN)).at(2, 0, 0) == 0);
    Image color(3, 1, 1);
    color.pixels = {0.1F, 0.2F, 0.3F};
    CHECK(io::to_rgb(color) == color);
  }

  TEST_CASE("fitting keeps proportions") {
    Image image(1, 2, 4);
    image.pixels = {0, 1, 2, 3, 4, 5, 6, 7};
    CHECK(io::fit(image, 2).pixels == std::vector<float>{2.5, 4.5});
    const Image large = io::fit(image, 8);
    CHECK(large.height == 4);
    CHECK(large.at(0, 3, 1) == 4);
    CHECK(io::fit(image, 4) == image);
    const LabelMap labels = map_of(2, 4, {0, 1, 2, 3, 4, 5, 6, 7});
    CHECK(io::fit(labels, 2) == map_of(1, 2, {5, 7}));
    CHECK(io::fit(labels, 4) == labels);
    CHECK(io::fit(Image(1, 1, 5000), 10).height == 1);
  }

  TEST_CASE("sizes that do not fit and wrong options are errors") {
    const Image image(1, 4, 5);
    CHECK_THROWS_WITH_AS(io::overlay(image, LabelMap(5, 4)),
                         "overlay: labels must be as large as the image, 4 x 5, got 5 x 4", Error);
    CHECK_THROWS_WITH_AS(io::error_overlay(image, LabelMap(4, 5), LabelMap(4, 4)),
                         "error_overlay: truth must be as large as the image, 4 x 5, got 4 x 4",
                         Error);
    CHECK_THROWS_WITH_AS(io::overlay(image, LabelMap(4, 5), {.fill = 2}),
                         "overlay: fill must lie in [0, 1] and outline in [0, 64], got 2 and 1",
                         Error);
    CHECK_THROWS_WITH_AS(io::to_rgb(Image()),
                         "to_rgb: the image must have pixels, got 0 channels of 0 x 0", Error);
    CHECK_THROWS_WITH_AS(io::fit(image, 0), "fit: sizes must be at least 1, got 4 x 5 into 0",
                         Error);
  }
}
