#include "io/palette.h"

#include <cstdlib>

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;
using io::class_color;
using io::Rgb;

TEST_SUITE("io/palette") {
  TEST_CASE("the first colours are fixed") {
    CHECK(class_color(0) == Rgb{0, 0, 0});
    CHECK(class_color(1) == Rgb{230, 159, 0});
    CHECK(class_color(7) == Rgb{0, 114, 178});
    CHECK(class_color(8) == class_color(8));
    CHECK(class_color(-1) == Rgb{128, 128, 128});
    CHECK(io::css_color(class_color(1)) == "#e69f00");
    class_color(INT64_MAX);
  }

  TEST_CASE("256 classes have 256 colours, neighbours far apart") {
    for (int i = 0; i < 256; ++i) {
      for (int j = 0; j < i; ++j) CHECK(class_color(i) != class_color(j));
      const Rgb a = class_color(i), b = class_color(i + 1);
      CHECK(std::abs(a.r - b.r) + std::abs(a.g - b.g) + std::abs(a.b - b.b) > 60);
    }
    const std::vector<uint8_t> palette = io::class_palette(256);
    CHECK(palette.size() == 768);
    CHECK(palette[3] == 230);
    CHECK(io::class_palette(0).empty());
    CHECK_THROWS_WITH_AS(io::class_palette(257), "class_palette: n must lie in [0, 256], got 257",
                         Error);
  }
}
