#include "tests/xml.h"

#include <algorithm>
#include <set>
#include <vector>

#include "io/utf8.h"

namespace tessera::testing {

namespace {

bool is_name(std::string_view name) {
  constexpr std::string_view kAlphabet =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-:_.";
  return !name.empty() && name.find_first_not_of(kAlphabet) == name.npos;
}

// What is wrong with text between tags or in quotes.
std::string text_error(std::string_view text) {
  for (std::string_view rest = text; !rest.empty();) {
    const io::Character c = io::first_character(rest);
    if (!c.valid) return "not UTF-8";
    if (c.code < 0x20 && c.code != '\n' && c.code != '\t' && c.code != '\r')
      return "control character";
    if (c.code == '<') return "bare <";
    if (c.code == '&') {
      const std::string entity(rest.substr(0, std::min(rest.find(';'), size_t{8}) + 1));
      static const std::set<std::string> known = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
      if (known.count(entity) == 0) return "unknown entity " + entity;
    }
    rest.remove_prefix(c.bytes);
  }
  return "";
}

// Takes a name off the front.
std::string_view take_name(std::string_view& rest) {
  const std::string_view name = rest.substr(0, std::min(rest.find_first_of(" \n=/>"), rest.size()));
  rest.remove_prefix(name.size());
  return name;
}

void skip_space(std::string_view& rest) {
  rest.remove_prefix(std::min(rest.find_first_not_of(" \n"), rest.size()));
}

// Checks ` a="1" b="2"`, without the brackets and the name of the tag.
std::string attribute_error(std::string_view rest) {
  std::set<std::string_view> names;
  for (skip_space(rest); !rest.empty(); skip_space(rest)) {
    const std::string_view name = take_name(rest);
    if (!is_name(name)) return "bad attribute " + std::string(rest.substr(0, 20));
    if (!names.insert(name).second) return "attribute twice: " + std::string(name);
    if (rest.substr(0, 2) != "=\"") return "attribute without quotes: " + std::string(name);
    const size_t end = rest.find('"', 2);
    if (end == rest.npos) return "open quote";
    std::string error = text_error(rest.substr(2, end - 2));
    if (!error.empty()) return error;
    rest.remove_prefix(end + 1);
  }
  return "";
}

}  // namespace

std::string xml_error(std::string_view text) {
  std::vector<std::string> open;
  int roots = 0;
  while (!text.empty()) {
    const size_t begin = std::min(text.find('<'), text.size());
    const std::string_view between = text.substr(0, begin);
    std::string error = text_error(between);
    if (!error.empty()) return error;
    if (open.empty() && between.find_first_not_of(" \n") != between.npos)
      return "text outside the root";
    text.remove_prefix(begin);
    if (text.empty()) break;
    const size_t end = text.find('>');
    if (end == text.npos) return "open tag";
    std::string_view tag = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    if (tag.substr(0, 1) == "!") continue;
    if (tag.substr(0, 1) == "/") {
      if (open.empty() || open.back() != tag.substr(1)) return "wrong end tag " + std::string(tag);
      open.pop_back();
      continue;
    }
    const bool empty = !tag.empty() && tag.back() == '/';
    if (empty) tag.remove_suffix(1);
    const std::string_view name = take_name(tag);
    if (!is_name(name)) return "bad tag " + std::string(name);
    error = attribute_error(tag);
    if (!error.empty()) return std::string(name) + ": " + error;
    if (open.empty() && ++roots > 1) return "a second root: " + std::string(name);
    if (!empty) open.emplace_back(name);
  }
  if (!open.empty()) return "never closed: " + open.back();
  return roots == 1 ? "" : "no root";
}

}  // namespace tessera::testing
