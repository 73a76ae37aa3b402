#include "io/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

#include "io/utf8.h"

namespace tessera::io {

namespace {

struct CodePoints {
  char32_t first, last;
};

// Marks that are drawn over the character before them, and invisible characters.
constexpr auto kZeroWidth = std::to_array<CodePoints>({
    {0x0300, 0x036F},
    {0x0483, 0x0489},
    {0x0591, 0x05BD},
    {0x0610, 0x061A},
    {0x064B, 0x065F},
    {0x0E31, 0x0E31},
    {0x0E34, 0x0E3A},
    {0x0E47, 0x0E4E},
    {0x1AB0, 0x1AFF},
    {0x1DC0, 0x1DFF},
    {0x200B, 0x200F},
    {0x202A, 0x202E},
    {0x2060, 0x2064},
    {0x20D0, 0x20FF},
    {0xFE00, 0xFE0F},
    {0xFE20, 0xFE2F},
    {0xFEFF, 0xFEFF},
    {0xE0100, 0xE01EF},
});

// East Asian wide and full-width characters and emoji (Unicode Standard Annex 11).
constexpr auto kWide = std::to_array<CodePoints>({
    {0x1100, 0x115F},   {0x231A, 0x231B},   {0x23E9, 0x23EC},   {0x25FD, 0x25FE},
    {0x2614, 0x2615},   {0x2648, 0x2653},   {0x26AA, 0x26AB},   {0x26BD, 0x26BE},
    {0x2705, 0x2705},   {0x270A, 0x270B},   {0x274C, 0x274C},   {0x2753, 0x2755},
    {0x2757, 0x2757},   {0x2795, 0x2797},   {0x2B1B, 0x2B1C},   {0x2B50, 0x2B50},
    {0x2E80, 0x303E},   {0x3041, 0x33FF},   {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},
    {0xA000, 0xA4CF},   {0xA960, 0xA97F},   {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},
    {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F},
    {0x1F680, 0x1F6FF}, {0x1F7E0, 0x1F7EB}, {0x1F900, 0x1F9FF}, {0x1FA70, 0x1FAFF},
    {0x20000, 0x3FFFD},
});

template <size_t N>
bool in(const std::array<CodePoints, N>& ranges, char32_t c) {
  const auto range =
      std::lower_bound(ranges.begin(), ranges.end(), c,
                       [](const CodePoints& r, char32_t value) { return r.last < value; });
  return range != ranges.end() && range->first <= c;
}

int width_of(const Character& c) {
  if (!c.valid) return 1;
  return in(kZeroWidth, c.code) ? 0 : in(kWide, c.code) ? 2 : 1;
}

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

bool is_control(char32_t c) {
  // The second block are the 8-bit controls; the others turn the direction of writing around.
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x202A && c <= 0x202E) ||
         (c >= 0x2066 && c <= 0x2069);
}

}  // namespace

Terminal terminal(int file_descriptor) {
  Terminal t;
  const std::string_view term = is_set("TERM") ? std::getenv("TERM") : "dumb";
  t.redraw = ::isatty(file_descriptor) == 1 && term != "dumb";
  const bool forced = is_set("FORCE_COLOR") || is_set("CLICOLOR_FORCE");
  t.color = forced || (t.redraw && !is_set("NO_COLOR"));
  for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (!is_set(variable)) continue;
    const std::string_view locale = std::getenv(variable);
    t.unicode = locale.find("UTF-8") != locale.npos || locale.find("utf8") != locale.npos;
    break;
  }
  winsize size{};
  if (::ioctl(file_descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    t.width = size.ws_col;
  } else if (is_set("COLUMNS")) {
    const int columns = std::atoi(std::getenv("COLUMNS"));
    if (columns > 0) t.width = columns;
  }
  return t;
}

int text_width(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const Character c = first_character(text);
    width += width_of(c);
    text.remove_prefix(c.bytes);
  }
  return width;
}

std::string one_line(std::string_view text) {
  std::string line;
  while (!text.empty()) {
    const Character c = first_character(text);
    if (c.code == '\n' || c.code == '\t' || c.code == '\r') {
      line += ' ';
    } else if (!c.valid || is_control(c.code)) {
      line += '?';
    } else {
      line += text.substr(0, c.bytes);
    }
    text.remove_prefix(c.bytes);
  }
  return line;
}

std::string shorten(std::string_view text, int width, bool unicode) {
  if (text_width(text) <= width) return std::string(text);
  const std::string_view dots = unicode ? "…" : "...";
  const int dots_width = unicode ? 1 : 3;
  if (width < dots_width) return std::string(static_cast<size_t>(std::max(width, 0)), '.');
  size_t bytes = 0;
  for (int room = width - dots_width; bytes < text.size();) {
    const Character c = first_character(text.substr(bytes));
    room -= width_of(c);
    if (room < 0) break;
    bytes += c.bytes;
  }
  return std::string(text.substr(0, bytes)).append(dots);
}

std::string duration_text(double seconds) {
  if (!(seconds >= 0 && seconds < 1e12)) return "?";
  if (seconds < 0.9995) return fmt::format("{:.0f} ms", seconds * 1e3);
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  const auto s = std::llround(seconds);
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {} s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{} h {} min", s / 3600, s / 60 % 60);
  return fmt::format("{} d {} h", s / 86400, s / 3600 % 24);
}

std::string clock_text(double seconds) {
  if (!(seconds >= 0 && seconds < 1e12)) return "?";
  const auto s = std::llround(seconds);
  if (s < 3600) return fmt::format("{}:{:02}", s / 60, s % 60);
  const std::string rest = fmt::format("{:02}:{:02}", s / 60 % 60, s % 60);
  if (s < 86400) return fmt::format("{}:{}", s / 3600, rest);
  return fmt::format("{} d {:02}:{}", s / 86400, s / 3600 % 24, rest);
}

}  // namespace tessera::io
