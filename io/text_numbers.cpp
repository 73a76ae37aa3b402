#include "io/text_numbers.h"

#include <algorithm>
#include <charconv>

#include "core/error.h"

namespace tessera::io {

namespace {

constexpr std::string_view kBetween = " \t\r\n,";

}  // namespace

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return result;
}

template <class T>
std::vector<T> parse_numbers(std::string_view text, size_t count, const std::string& what) {
  // A number takes a character, and another one stands before the next.
  require(count <= text.size() / 2 + 1, "{}: {} numbers are needed, got {} characters", what, count,
          text.size());
  std::vector<T> numbers;
  numbers.reserve(count);
  while (numbers.size() < count) {
    const size_t begin = text.find_first_not_of(kBetween);
    require(begin != std::string_view::npos, "{}: {} numbers are needed, got {}", what, count,
            numbers.size());
    text.remove_prefix(begin);
    const std::string_view word = text.substr(0, text.find_first_of(kBetween));
    text.remove_prefix(word.size());
    const char* first = word.data() + (word.starts_with('+') ? 1 : 0);
    const char* last = word.data() + word.size();
    T number{};
    const auto [end, error] = std::from_chars(first, last, number);
    constexpr size_t kShown = 40;
    require(error == std::errc() && end == last,
            "{}: numbers are needed that {} bytes can hold, got '{}'", what, sizeof(T),
            word.substr(0, kShown));
    numbers.push_back(number);
  }
  return numbers;
}

#define TESSERA_INSTANTIATE(T) \
  template std::vector<T> parse_numbers(std::string_view, size_t, const std::string&);
TESSERA_INSTANTIATE(double)
TESSERA_INSTANTIATE(float)
TESSERA_INSTANTIATE(int8_t)
TESSERA_INSTANTIATE(int16_t)
TESSERA_INSTANTIATE(int32_t)
TESSERA_INSTANTIATE(int64_t)
TESSERA_INSTANTIATE(uint8_t)
TESSERA_INSTANTIATE(uint16_t)
TESSERA_INSTANTIATE(uint32_t)
TESSERA_INSTANTIATE(uint64_t)
#undef TESSERA_INSTANTIATE

}  // namespace tessera::io
