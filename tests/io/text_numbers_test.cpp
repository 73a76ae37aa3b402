#include "io/text_numbers.h"

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;

TEST_SUITE("io/text_numbers") {
  TEST_CASE("numbers between spaces and commas") {
    CHECK(io::parse_numbers<double>(" 1.5,\t-2e3\r\n+4 ", 3, "x") ==
          std::vector<double>{1.5, -2000, 4});
    CHECK(io::parse_numbers<int64_t>("7 8 9", 2, "x") == std::vector<int64_t>{7, 8});
    CHECK(io::parse_numbers<uint8_t>("255", 1, "x")[0] == 255);
    CHECK(io::parse_numbers<int8_t>("", 0, "x").empty());
  }

  TEST_CASE("what is not a number is an error") {
    const auto refused = [](const char* text, size_t count, const char* reason) {
      CAPTURE(text);
      CHECK_THROWS_WITH_AS(io::parse_numbers<int16_t>(text, count, "a: b"),
                           doctest::Contains(reason), Error);
    };
    refused("1", 2, "a: b: 2 numbers are needed, got 1 characters");
    refused("1   ", 2, "a: b: 2 numbers are needed, got 1");
    refused("40000", 1, "that 2 bytes can hold, got '40000'");
    refused("1.5", 1, "got '1.5'");
    refused("one", 1, "got 'one'");
    refused("1", size_t{1} << 62, "numbers are needed");
  }

  TEST_CASE("words") {
    CHECK(io::trim(" \ta b\r\n") == "a b");
    CHECK(io::trim(" \n").empty());
    CHECK(io::lower("AbC-1") == "abc-1");
  }
}
