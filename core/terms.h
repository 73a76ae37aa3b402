#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tessera {

// One term of a sum written as text, such as "0.5*dice:monai(smooth=1)": a factor, a name that may
// have a variant, and arguments with or without a name, which are numbers, true, false, or lists of
// them, as in "ce(weight=[0.2, 0.8])".
//
// Who reads a term takes its arguments one by one and calls `finish`.
class Term {
 public:
  std::optional<double> factor;
  std::string name, variant;

  // The argument of that name, or the next one without a name; `otherwise` when there is none.
  // Throws Error when it is no number, or lies outside [low, high].
  double number(const std::string& argument, double otherwise, double low, double high);
  int64_t integer(const std::string& argument, int64_t otherwise, int64_t low, int64_t high);
  bool flag(const std::string& argument, bool otherwise);  // true, false, 1, 0
  // A list, or a single number as a list of one.
  std::vector<double> numbers(const std::string& argument, const std::vector<double>& otherwise);

  std::string str() const;  // in normal form
  // Throws Error when there are arguments that nobody took, naming those that could have been.
  void finish() const;

  // Throws Error "<reader>: <message> at character <n> of "<text>"".
  [[noreturn]] void fail(const std::string& message) const;

 private:
  friend class TermParser;
  struct Argument {
    std::string name;  // may be empty
    std::vector<double> values;
    bool is_list = false, taken = false;
  };
  Argument* take(const std::string& argument);

  std::string reader_, text_;
  size_t position_ = 0;
  std::vector<Argument> arguments_;
  std::vector<std::string> asked_;
};

// The terms of `text`, of which there is at least one. `reader` begins error messages. Throws Error
// with the place of what cannot be read.
std::vector<Term> parse_terms(std::string_view text, const std::string& reader);

}  // namespace tessera
