#pragma once

#include <string_view>

namespace tessera::testing {

inline bool has(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

// How often `part` occurs.
inline int count(std::string_view text, std::string_view part) {
  int n = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

}  // namespace tessera::testing
