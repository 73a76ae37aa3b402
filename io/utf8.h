#pragma once

#include <cstddef>
#include <string_view>

namespace tessera::io {

// A character at the beginning of a text.
struct Character {
  char32_t code = 0;
  size_t bytes = 1;
  bool valid = false;  // false: one byte that is not UTF-8
};

// The first character of a text that is not empty. Overlong forms, surrogates and cut off sequences
// are not valid (RFC 3629).
Character first_character(std::string_view text);

}  // namespace tessera::io
