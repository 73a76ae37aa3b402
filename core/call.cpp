#include "core/call.h"

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

}  // namespace tessera
