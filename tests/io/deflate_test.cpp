#include "io/deflate.h"

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;
using io::Wrapping;

namespace {

std::string sample(size_t size) {
  std::string text;
  for (size_t i = 0; i < size; ++i) text += static_cast<char>((i * i) >> 5);
  return text;
}

}  // namespace

TEST_SUITE("io/deflate") {
  TEST_CASE("what is packed is unpacked again") {
    for (const Wrapping wrapping : {Wrapping::none, Wrapping::gzip, Wrapping::zlib}) {
      for (const size_t size : {0, 1, 65536, 300001}) {
        const std::string text = sample(size);
        const std::string packed = io::deflate(text, wrapping);
        CHECK(io::inflate(packed, 1 << 20, wrapping, "x") == text);
        CHECK(io::inflate(packed, size, wrapping, "x") == text);
        CHECK(io::inflate(packed, size / 3, wrapping, "x") == text.substr(0, size / 3));
      }
    }
  }

  TEST_CASE("gzip streams in a row are one text") {
    const std::string a = io::deflate("one ", Wrapping::gzip),
                      b = io::deflate("two", Wrapping::gzip);
    CHECK(io::inflate(a + b, 100, Wrapping::gzip, "x") == "one two");
  }

  TEST_CASE("a stream that is damaged or cut short is an error") {
    const std::string packed = io::deflate(sample(1000), Wrapping::gzip);
    for (size_t size = 0; size < packed.size(); ++size) {
      CHECK_THROWS_AS(io::inflate(packed.substr(0, size), 2000, Wrapping::gzip, "x"), Error);
    }
    std::string damaged = packed;
    damaged[damaged.size() - 6] ^= 1;  // of the checksum
    CHECK_THROWS_WITH_AS(io::inflate(damaged, 2000, Wrapping::gzip, "x"),
                         doctest::Contains("x: its compressed data are damaged"), Error);
    CHECK_THROWS_WITH_AS(io::inflate(damaged, 1000, Wrapping::gzip, "x"),
                         doctest::Contains("incorrect data check"), Error);
    CHECK_THROWS_AS(io::inflate("no gzip at all", 2000, Wrapping::gzip, "x"), Error);
  }

  TEST_CASE("a bomb is unpacked up to the limit only") {
    const std::string bomb = io::deflate(std::string(50 << 20, '\0'), Wrapping::none);
    CHECK(bomb.size() > (50 << 20) / io::kMaxInflation);
    const std::string text = io::inflate(bomb, 1000, Wrapping::none, "x");
    CHECK(text.size() == 1000);
    CHECK(text.capacity() < 1 << 17);
  }
}
