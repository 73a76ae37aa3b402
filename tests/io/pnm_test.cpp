#include "io/pnm.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/io/damage.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;

using Samples = std::vector<uint16_t>;

TEST_SUITE("io/pnm") {
  TEST_CASE("text and bytes are read, with comments and any largest value") {
    const Picture grey = decode_pnm("P2\n# made by hand\n3 2 # size\n9\n0 1 2\n7 8 9\n", "x");
    CHECK(grey.height == 2);
    CHECK(grey.width == 3);
    CHECK(grey.white == 9);
    CHECK(grey.samples == Samples{0, 1, 2, 7, 8, 9});
    const Picture colour = decode_pnm("P3 1 2 255 1 2 3 4 5 6", "x");
    CHECK(colour.channels == 3);
    CHECK(colour.samples == Samples{1, 2, 3, 4, 5, 6});
    const Picture wide = decode_pnm(std::string("P5 2 1 4095\n\x01\x02\x0f\xff", 16), "x");
    CHECK(wide.white == 4095);
    CHECK(wide.samples == Samples{0x102, 0xfff});
  }

  TEST_CASE("what is written is read again") {
    for (const int64_t channels : {1, 3}) {
      for (const int64_t white : {255, 65535}) {
        Picture picture{.height = 1, .width = 2, .channels = channels, .white = white};
        for (int64_t i = 0; i < 2 * channels; ++i)
          picture.samples.push_back(static_cast<uint16_t>(white - 3 * i));
        const Picture again = decode_pnm(encode_pnm(picture), "x");
        CHECK(again.samples == picture.samples);
        CHECK(again.channels == channels);
        CHECK(again.white == white);
      }
    }
    CHECK_THROWS_WITH_AS(encode_pnm(Picture{.height = 1, .width = 1, .channels = 2}),
                         doctest::Contains("1 or 3 channels, got 2"), Error);
  }

  TEST_CASE("wrong files are errors that name them") {
    const std::pair<const char*, const char*> cases[] = {
        {"P5 2 2 255\nabc", "x is truncated: 2x2 pixels need 4 bytes, got 3"},
        {"P5 2 2 255", "x is truncated"},
        {"P5 2", "x is truncated: a number is missing"},
        {"P5 two 2 255\n", "x is damaged: a number must stand where 't' is"},
        {"P5 0 2 255\n", "got 0x2"},
        {"P5 99999999999999999999 2 255\n", "pictures must have"},
        {"P5 2 2 0\nabcd", "the largest value must be from 1 to 65535, got 0"},
        {"P5 2 2 65536\nabcd", "got 65536"},
        {"P5 1 1 7\nz", "a sample is 122, above the largest value 7"},
        {"P2 2 1 7\n1 8", "a sample is 8, above the largest value 7"},
        {"P2 200000 1000 7\n1 1", "x is truncated"},
        {"P4 1 1\n1", "x is not a PGM or PPM file"},
    };
    for (const auto& one : cases) {
      CAPTURE(one.first);
      CHECK_THROWS_WITH_AS(decode_pnm(one.first, "x"), doctest::Contains(one.second), Error);
    }
  }

  TEST_CASE("damaged files never crash") {
    const TemporaryFile damaged("damaged.pnm");
    for (const std::string file : {"P2\n# c\n3 2\n9\n0 1 2\n7 8 9\n", "P6 2 2 255\nabcdefghijkl"})
      check_survives_damage(file, damaged, [](const std::filesystem::path& path) {
        decode_pnm(bytes_of_file(path), path);
      });
  }
}
