#include "core/random.h"

#include <mutex>

namespace tessera {

static std::mutex mutex;
static RandomState current;

void manual_seed(uint64_t seed) {
  set_random_state({seed, 0});
}

RandomState random_state() {
  const std::lock_guard lock(mutex);
  return current;
}

void set_random_state(const RandomState& state) {
  const std::lock_guard lock(mutex);
  current = state;
}

RandomState next_random() {
  const std::lock_guard lock(mutex);
  const RandomState state = current;
  ++current.next;
  return state;
}

}  // namespace tessera
