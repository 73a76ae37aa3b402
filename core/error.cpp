#include "core/error.h"

#include <fmt/format.h>

#include "core/call.h"

fmt::appender fmt::formatter<tessera::Shape>::format(const tessera::Shape& shape,
                                                     fmt::format_context& context) const {
  return fmt::formatter<fmt::string_view>::format(shape.str(), context);
}

fmt::appender fmt::formatter<tessera::DType>::format(tessera::DType dtype,
                                                     fmt::format_context& context) const {
  const std::string_view name = tessera::name_of(dtype);
  return fmt::formatter<fmt::string_view>::format({name.data(), name.size()}, context);
}

namespace tessera {

void fail(const std::string& message) {
  const CallSite& site = call_site();
  if (site.line == 0) throw Error(message);
  throw Error(fmt::format("{}\n  at {}:{}", message, site.file, site.line));
}

}  // namespace tessera
