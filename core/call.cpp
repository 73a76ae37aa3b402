#include "core/call.h"

#include "core/error.h"

namespace tessera {

static thread_local CallSite current_site;

const CallSite& call_site() {
  return current_site;
}

Call::Call(const char* function, const std::source_location& where)
    : outermost_(current_site.line == 0) {
  if (outermost_) current_site = {function, where.file_name(), where.line()};
}

Call::~Call() {
  if (outermost_) current_site = {};
}

CallAt::CallAt(const CallSite& site) : saved_(current_site) {
  current_site = site;
}

CallAt::~CallAt() {
  current_site = saved_;
}

void fail(const std::string& message) {
  const CallSite& site = call_site();
  if (site.line == 0) throw Error(message);
  throw Error(fmt::format("{}\n  at {}:{}", message, site.file, site.line));
}

}  // namespace tessera
