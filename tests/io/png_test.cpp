#include "io/png.h"

#include <zlib.h>

#include <random>

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/bytes.h"
#include "tests/io/damage.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;

namespace {

Picture random_picture(int64_t height, int64_t width, int64_t channels, int64_t white) {
  Picture picture{.height = height, .width = width, .channels = channels, .white = white};
  std::mt19937 random(7);
  for (int64_t i = 0; i < height * width * channels; ++i)
    picture.samples.push_back(static_cast<uint16_t>(random() % static_cast<unsigned>(white + 1)));
  return picture;
}

// Makes the checksums of all chunks right.
void mend_checksums(std::string& file) {
  for (size_t at = 8; at + 12 <= file.size();) {
    const auto length = number_at<uint32_t>(file.data() + at, true);
    if (length > file.size() - at - 12) return;
    const auto crc = crc32(0, reinterpret_cast<const Bytef*>(file.data() + at + 4), length + 4);
    for (size_t i = 0; i < 4; ++i)
      file[at + 8 + length + i] = static_cast<char>(crc >> (24 - 8 * i));
    at += 12 + length;
  }
}

}  // namespace

TEST_SUITE("io/png") {
  TEST_CASE("what is written is read again") {
    for (const int64_t white : {255, 65535}) {
      for (const int64_t channels : {1, 2, 3, 4}) {
        const Picture picture = random_picture(5, 7, channels, white);
        const Picture again = decode_png(encode_png(picture), "x");
        CHECK(again.samples == picture.samples);
        CHECK(again.channels == channels);
        CHECK(again.white == white);
      }
    }
    Picture indexed = random_picture(6, 3, 1, 2);
    indexed.palette = {0, 0, 0, 255, 0, 0, 1, 2, 3};
    const Picture again = decode_png(encode_png(indexed), "x");
    CHECK(again.samples == indexed.samples);
    CHECK(again.palette == indexed.palette);
  }

  TEST_CASE("a changed byte is noticed") {
    const std::string file = encode_png(random_picture(8, 8, 3, 255));
    for (size_t i = 0; i < file.size(); ++i) {
      std::string bad = file;
      bad[i] = static_cast<char>(bad[i] ^ 0x10);
      CAPTURE(i);
      CHECK_THROWS_AS(decode_png(bad, "x"), Error);
    }
  }

  TEST_CASE("headers that promise what cannot be are refused") {
    const std::string file = encode_png(random_picture(4, 4, 1, 255));
    const auto check = [&](size_t at, char value, const char* message) {
      std::string bad = file;
      bad[at] = value;
      mend_checksums(bad);
      CAPTURE(message);
      CHECK_THROWS_WITH_AS(decode_png(bad, "x"), doctest::Contains(message), Error);
    };
    check(16, '\x7f', "pictures must have 1 to 268435456 pixels, got 2130706436x4");
    check(19, '\0', "got 0x4");
    check(18, '\xff', "cannot hold 65284x4 pixels");
    check(24, '\3', "colour type 0 of 3 bits does not exist");
    check(25, '\5', "colour type 5 of 8 bits does not exist");
    check(25, '\3', "the PNG palette is missing");
    check(25, '\2', "its pixels have 20 bytes, expected 52");
    check(28, '\2', "interlace method is unknown");
  }

  TEST_CASE("an index beyond the palette is refused") {
    Picture picture = random_picture(4, 4, 1, 3);
    picture.palette = {0, 0, 0, 9, 9, 9};
    CHECK_THROWS_WITH_AS(decode_png(encode_png(picture), "x"),
                         doctest::Contains("of a PNG palette of 2 colours"), Error);
  }

  TEST_CASE("damage behind right checksums never crashes") {
    const std::string file = encode_png(random_picture(9, 5, 3, 65535));
    const TemporaryFile damaged("damaged.png");
    check_survives_damage(
        file, damaged,
        [](const std::filesystem::path& path) { decode_png(bytes_of_file(path), path); }, 3000,
        mend_checksums);
  }
}
