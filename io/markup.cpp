#include "io/markup.h"

#include <cstdint>

#include "io/utf8.h"

namespace tessera::io {

std::string escape_markup(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character c = first_character(text);
    const std::string_view as_it_is = text.substr(0, c.bytes);
    text.remove_prefix(c.bytes);
    const bool control = c.code < 0x20 && c.code != '\n' && c.code != '\t' && c.code != '\r';
    if (!c.valid || control || (c.code & 0xFFFE) == 0xFFFE) {
      out += "\uFFFD";
    } else if (c.code == '&') {
      out += "&amp;";
    } else if (c.code == '<') {
      out += "&lt;";
    } else if (c.code == '>') {
      out += "&gt;";
    } else if (c.code == '"') {
      out += "&quot;";
    } else if (c.code == '\'') {
      out += "&#39;";
    } else {
      out += as_it_is;
    }
  }
  return out;
}

std::string base64(std::string_view bytes) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const std::string_view three = bytes.substr(i, 3);
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k) {
      bits = bits << 8 | (k < three.size() ? static_cast<uint8_t>(three[k]) : 0U);
    }
    for (size_t k = 0; k < 4; ++k) {
      out += k <= three.size() ? kDigits[bits >> (18 - 6 * k) & 63] : '=';
    }
  }
  return out;
}

std::string data_uri(std::string_view mime_type, std::string_view bytes) {
  return std::string("data:").append(mime_type).append(";base64,").append(base64(bytes));
}

}  // namespace tessera::io
