#include "io/bitmap_font.h"

#include <algorithm>
#include <set>

#include <doctest/doctest.h>

using namespace tessera;
using io::Image;

namespace {

std::string art(const std::string& text, int64_t height = 8, int64_t width = 11) {
  Image image(1, height, width);
  io::draw_text(image, text, 0, 0, {255, 255, 255});
  std::string lines;
  for (int64_t h = 0; h < height; ++h) {
    for (int64_t w = 0; w < width; ++w) lines += image.at(0, h, w) > 0 ? '#' : '.';
    lines += '\n';
  }
  return lines;
}

}  // namespace

TEST_SUITE("io/bitmap_font") {
  TEST_CASE("letters") {
    CHECK(art("Ag") ==
          ".###.......\n"
          "#...#......\n"
          "#...#..####\n"
          "#####.#...#\n"
          "#...#.#...#\n"
          "#...#..####\n"
          "#...#.....#\n"
          ".......###.\n");
  }

  TEST_CASE("every character has a shape of its own") {
    std::set<std::string> shapes;
    for (char c = ' '; c <= '~'; ++c) shapes.insert(art(std::string(1, c)));
    CHECK(shapes.size() == 95);
    CHECK(art("é") == art("脑"));
    CHECK(shapes.count(art("é")) == 0);
  }

  TEST_CASE("what is outside of the picture is left out") {
    Image image(3, 5, 9);
    io::draw_text(image, "a long text", -3, -4, {255, 0, 0}, 2);
    io::draw_text(image, "x", 100, 100, {255, 0, 0});
    CHECK(std::count(image.pixels.begin(), image.pixels.end(), 1.0F) > 0);
    const auto green = image.plane(1);
    CHECK(std::count(green.begin(), green.end(), 0.0F) == 45);
    Image empty;
    io::draw_text(empty, "x", 0, 0, {});
  }
}
