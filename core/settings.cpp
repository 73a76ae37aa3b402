#include "core/settings.h"

#include <omp.h>

#include "core/error.h"

namespace tessera {

Settings& settings() {
  static thread_local Settings current;
  return current;
}

int num_threads() {
  return omp_get_max_threads();
}

void set_num_threads(int count) {
  require(count >= 1, "set_num_threads: needs at least 1 thread, got {}", count);
  omp_set_num_threads(count);
}

}  // namespace tessera
