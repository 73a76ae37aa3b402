#include "core/terms.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/ranges.h>

#include "core/error.h"
#include "core/nearest.h"

namespace tessera {

namespace {

[[noreturn]] void fail_at(const std::string& reader, const std::string& message, size_t position,
                          const std::string& text) {
  tessera::fail(
      fmt::format("{}: {} at character {} of \"{}\"", reader, message, position + 1, text));
}

bool starts_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

// Reads: terms = term {"+" term}; term = [number "*"] name [":" name] ["(" [argument {","
// argument}]
// ")"]; argument = [name "="] value; value = number | "true" | "false" | "[" [value {"," value}]
// "]".
class TermParser {
 public:
  TermParser(std::string_view text, std::string reader) : text_(text), reader_(std::move(reader)) {}

  std::vector<Term> terms() {
    std::vector<Term> all;
    do {
      all.push_back(term());
    } while (accept('+'));
    if (peek() != '\0') fail("expected '+' or the end");
    return all;
  }

 private:
  Term term() {
    Term term;
    term.reader_ = reader_;
    term.text_ = text_;
    if (starts_number()) {
      term.factor = number();
      if (!accept('*')) fail("expected '*' and a name after the factor");
    }
    peek();
    term.position_ = position_;
    term.name = name("a name");
    if (accept(':')) term.variant = name("the name of a variant");
    if (accept('(') && !accept(')')) {
      do {
        term.arguments_.push_back(argument());
        const Term::Argument& last = term.arguments_.back();
        const auto same = [&](const Term::Argument& a) { return a.name == last.name; };
        if (!last.name.empty() &&
            std::count_if(term.arguments_.begin(), term.arguments_.end(), same) > 1)
          fail(fmt::format("'{}' is given twice", last.name));
      } while (accept(','));
      if (!accept(')')) fail("expected ',' or ')'");
    }
    return term;
  }

  Term::Argument argument() {
    Term::Argument argument;
    if (starts_name(peek())) {
      const size_t start = position_;
      const std::string word = name("a name");
      if (accept('=')) {
        argument.name = word;
      } else {
        position_ = start;
      }
    }
    if (accept('[')) {
      argument.is_list = true;
      if (accept(']')) return argument;
      do {
        argument.values.push_back(value());
      } while (accept(','));
      if (!accept(']')) fail("expected ',' or ']'");
    } else {
      argument.values.push_back(value());
    }
    return argument;
  }

  double value() {
    if (starts_number()) return number();
    if (starts_name(peek())) {
      const size_t start = position_;
      const std::string word = name("a value");
      if (word == "true") return 1;
      if (word == "false") return 0;
      position_ = start;
    }
    fail("expected a number, true, false or a list");
  }

  bool starts_number() {
    const char c = peek();
    return is_digit(c) || c == '.' || c == '-';
  }

  double number() {
    double value = 0;
    const char* begin = text_.data() + position_;
    const char* end = text_.data() + text_.size();
    const auto [rest, error] = std::from_chars(begin, end, value);
    if (error != std::errc() || !std::isfinite(value)) fail("expected a finite number");
    position_ += static_cast<size_t>(rest - begin);
    return value;
  }

  std::string name(const char* what) {
    if (!starts_name(peek())) fail(fmt::format("expected {}", what));
    const size_t start = position_;
    while (position_ < text_.size() &&
           (starts_name(text_[position_]) || is_digit(text_[position_])))
      ++position_;
    return text_.substr(start, position_ - start);
  }

  // The next character that is not a space; 0 at the end.
  char peek() {
    while (position_ < text_.size() && (text_[position_] == ' ' || text_[position_] == '\t'))
      ++position_;
    return position_ < text_.size() ? text_[position_] : '\0';
  }

  bool accept(char c) {
    if (peek() != c) return false;
    ++position_;
    return true;
  }

  [[noreturn]] void fail(const std::string& message) const {
    fail_at(reader_, message, position_, text_);
  }

  std::string text_, reader_;
  size_t position_ = 0;
};

Term::Argument* Term::take(const std::string& argument) {
  asked_.push_back(argument);
  const auto found = [&](const std::string& wanted) -> Argument* {
    for (Argument& a : arguments_) {
      if (!a.taken && a.name == wanted) return &a;
    }
    return nullptr;
  };
  Argument* result = found(argument);
  if (!result) result = found("");
  if (result) result->taken = true;
  return result;
}

double Term::number(const std::string& argument, double otherwise, double low, double high) {
  const Argument* found = take(argument);
  if (!found) return otherwise;
  if (found->is_list) fail(fmt::format("'{}' of '{}' must be one number", argument, name));
  const double value = found->values[0];
  if (value < low || value > high) {
    const std::string range =
        std::isinf(high) ? fmt::format(">= {}", low) : fmt::format("in [{}, {}]", low, high);
    fail(fmt::format("'{}' of '{}' must be {}, got {}", argument, name, range, value));
  }
  return value;
}

int64_t Term::integer(const std::string& argument, int64_t otherwise, int64_t low, int64_t high) {
  const double value = number(argument, static_cast<double>(otherwise), static_cast<double>(low),
                              static_cast<double>(high));
  if (value != std::floor(value))
    fail(fmt::format("'{}' of '{}' must be a whole number, got {}", argument, name, value));
  return static_cast<int64_t>(value);
}

bool Term::flag(const std::string& argument, bool otherwise) {
  return integer(argument, otherwise ? 1 : 0, 0, 1) != 0;
}

std::vector<double> Term::numbers(const std::string& argument,
                                  const std::vector<double>& otherwise) {
  const Argument* found = take(argument);
  return found ? found->values : otherwise;
}

std::string Term::str() const {
  std::string text = factor ? fmt::format("{}*", *factor) : "";
  text += name;
  if (!variant.empty()) text += ":" + variant;
  for (const Argument& a : arguments_) {
    text += &a == &arguments_.front() ? "(" : ",";
    if (!a.name.empty()) text += a.name + "=";
    text +=
        a.is_list ? fmt::format("[{}]", fmt::join(a.values, ",")) : fmt::format("{}", a.values[0]);
  }
  return arguments_.empty() ? text : text + ")";
}

void Term::finish() const {
  for (const Argument& a : arguments_) {
    if (a.taken) continue;
    if (a.name.empty()) fail(fmt::format("'{}' has too many arguments", name));
    if (asked_.empty()) fail(fmt::format("'{}' takes no arguments, got '{}'", name, a.name));
    fail(fmt::format("'{}' has no argument '{}' ({})", name, a.name, suggest(a.name, asked_)));
  }
}

void Term::fail(const std::string& message) const {
  fail_at(reader_, message, position_, text_);
}

std::vector<Term> parse_terms(std::string_view text, const std::string& reader) {
  constexpr size_t kLongest = 4096;
  require(text.size() <= kLongest, "{}: the text must have at most {} characters, got {}", reader,
          kLongest, text.size());
  return TermParser(text, reader).terms();
}

}  // namespace tessera
