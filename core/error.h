#pragma once

#include <source_location>
#include <stdexcept>
#include <string>

#include <fmt/format.h>

#include "core/dtype.h"
#include "core/shape.h"

namespace tessera {

// A broken contract: wrong shapes, types, indices or values in what the user asked for. The text
// reads "<function>: <what must hold>, got <values>" and ends with the user's file and line.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Throws an Error with `message` and the user's line, as recorded by the enclosing Call.
[[noreturn]] void fail(const std::string& message);

}  // namespace tessera

template <>
struct fmt::formatter<tessera::Shape> : fmt::formatter<std::string> {
  template <class Context>
  auto format(const tessera::Shape& shape, Context& context) const {
    return fmt::format_to(context.out(), "{}", shape.str());
  }
};

template <>
struct fmt::formatter<tessera::DType> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(tessera::DType dtype, Context& context) const {
    return fmt::format_to(context.out(), "{}", tessera::name_of(dtype));
  }
};

namespace tessera {

template <class... Args>
void require(bool condition, fmt::format_string<Args...> message, Args&&... args) {
  if (!condition) [[unlikely]] {
    fail(fmt::format(message, std::forward<Args>(args)...));
  }
}

}  // namespace tessera
