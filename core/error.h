#pragma once

#include <stdexcept>
#include <string>

#include <fmt/core.h>

#include "core/dtype.h"
#include "core/shape.h"

// The formatters are defined in error.cpp: fmt/core.h alone, without templates that format, keeps
// the many files that include this one quick to compile.
template <>
struct fmt::formatter<tessera::Shape> : fmt::formatter<fmt::string_view> {
  fmt::appender format(const tessera::Shape& shape, fmt::format_context& context) const;
};

template <>
struct fmt::formatter<tessera::DType> : fmt::formatter<fmt::string_view> {
  fmt::appender format(tessera::DType dtype, fmt::format_context& context) const;
};

namespace tessera {

// A broken contract: wrong shapes, types, indices or values in what the user asked for. The text
// reads "<function>: <what must hold>, got <values>" and ends with the user's file and line.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws an Error with `message` and the user's line, as recorded by the enclosing Call.
[[noreturn]] void fail(const std::string& message);

// Throws an Error with the formatted message unless `condition` holds.
template <class... Args>
void require(bool condition, fmt::format_string<Args...> message, Args&&... args) {
  if (!condition) [[unlikely]] {
    fail(fmt::vformat(message, fmt::make_format_args(args...)));
  }
}

}  // namespace tessera
