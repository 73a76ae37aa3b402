#pragma once

#include <string>

#include "core/shape.h"

namespace tessera::nn {

// Writes the settings of a module, for Module::describe:
//
//   Description(3, 64).add("kernel", kernel_size).unless(1, "stride", stride)   "3, 64, kernel=3"
//
// A Shape of equal numbers, one for each axis, is written as that number.
class Description {
 public:
  // The arguments that have no name.
  template <class... T>
  explicit Description(const T&... values) {
    (append(nullptr, text_of(values)), ...);
  }

  template <class T>
  Description& add(const char* name, const T& value) {
    append(name, text_of(value));
    return *this;
  }

  // The same, left out where the value is the usual one.
  template <class T, class U>
  Description& unless(const U& usual, const char* name, const T& value) {
    const std::string text = text_of(value);
    if (text != text_of(usual)) append(name, text);
    return *this;
  }

  operator std::string() const { return text_; }  // NOLINT(google-explicit-constructor)

 private:
  static std::string text_of(int value) { return std::to_string(value); }
  static std::string text_of(int64_t value) { return std::to_string(value); }
  static std::string text_of(bool value) { return value ? "true" : "false"; }
  static std::string text_of(double value);
  static std::string text_of(const char* value) { return value; }
  static std::string text_of(const std::string& value) { return value; }
  static std::string text_of(const Shape& each);
  void append(const char* name, const std::string& value);

  std::string text_;
};

}  // namespace tessera::nn
