#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tessera::io {

// `text` without spaces, tabs and line ends around it.
std::string_view trim(std::string_view text);

// `text` in small letters.
std::string lower(std::string_view text);

// The numbers in a text, with spaces, line ends or commas between them; at most `count` of them.
// T is double, float, or an integer of 1 to 8 bytes. Throws Error, beginning with `what`, for
// fewer, for words, and for numbers that T cannot hold.
template <class T>
std::vector<T> parse_numbers(std::string_view text, size_t count, const std::string& what);

}  // namespace tessera::io
