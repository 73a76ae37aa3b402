#include "io/utf8.h"

#include <doctest/doctest.h>

using tessera::io::Character;
using tessera::io::first_character;

TEST_SUITE("io/utf8") {
  TEST_CASE("characters of one to four bytes") {
    const auto is = [](const char* text, char32_t code, size_t bytes) {
      const Character c = first_character(text);
      return c.valid && c.code == code && c.bytes == bytes;
    };
    CHECK(is("ab", U'a', 1));
    CHECK(is("éa", U'é', 2));
    CHECK(is("脑a", U'脑', 3));
    CHECK(is("🧠", U'🧠', 4));
  }

  TEST_CASE("what is not UTF-8 is one byte") {
    for (const char* text : {"\x80", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80",
                             "\xF0\x9F\xA7", "\xF4\x90\x80\x80", "\xFF", "\xC3("}) {
      const Character c = first_character(text);
      CHECK_FALSE(c.valid);
      CHECK(c.bytes == 1);
    }
  }
}
