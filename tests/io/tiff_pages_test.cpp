#include "io/tiff_pages.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/io/damage.h"

using namespace tessera;

TEST_SUITE("io/tiff_pages") {
  TEST_CASE("marks") {
    using namespace std::string_view_literals;
    for (const std::string_view mark : {"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv}) {
      CHECK(io::is_tiff(mark));
    }
    CHECK_FALSE(io::is_tiff("II*"));
    CHECK_FALSE(io::is_tiff("\x89PNG"));
  }

  TEST_CASE("pages and back") {
    if (!io::tiff_supported()) {
      CHECK_THROWS_WITH_AS(io::decode_tiff("II*", "x"), doctest::Contains("libtiff-dev"), Error);
      return;
    }
    const io::TiffStack stack{.pages = 2,
                              .height = 1,
                              .width = 3,
                              .description = "two pages",
                              .x_resolution = 0.5,
                              .y_resolution = 0.25,
                              .bytes = "abcdef"};
    for (const bool compress : {false, true}) {
      const std::string bytes = io::encode_tiff(stack, compress, "x");
      const io::TiffStack read = io::decode_tiff(bytes, "x");
      CHECK(read.pages == 2);
      CHECK(read.height == 1);
      CHECK(read.width == 3);
      CHECK(read.description == stack.description);
      CHECK(read.x_resolution == 0.5);
      CHECK(read.y_resolution == 0.25);
      CHECK(read.bytes == stack.bytes);
      CHECK(io::decode_tiff_header(bytes, "x").bytes.empty());
    }
  }

  TEST_CASE("palettes and what is lossy") {
    if (!io::tiff_supported()) return;
    const auto read = [](const char* name) {
      return io::decode_tiff(testing::bytes_of_file(testing::fixture(name)), name);
    };
    const io::TiffStack indexed = read("tiff_palette.tif");
    REQUIRE(indexed.palette.size() == 768);
    CHECK(indexed.palette[3 * 5] == 5);
    CHECK(indexed.palette[3 * 5 + 1] == 250);
    CHECK(indexed.palette[3 * 5 + 2] == 7);
    CHECK(read("tiff_bits.tif").white == 1);
    CHECK(read("tiff_jpeg.tif").lossy);
    CHECK_FALSE(read("tiff_lzw.tif").lossy);
  }
}
