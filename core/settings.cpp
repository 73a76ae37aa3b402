#include "core/settings.h"

#include "core/cpu/parallel.h"
#include "core/error.h"

namespace tessera {

Settings& settings() {
  static thread_local Settings current;
  return current;
}

int num_threads() {
  return cpu::thread_count();
}

void set_num_threads(int count) {
  require(count >= 1, "set_num_threads: needs at least 1 thread, got {}", count);
  cpu::set_thread_count(count);
}

}  // namespace tessera
