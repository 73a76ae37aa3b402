#include "core/replay.h"

#include <cstdlib>
#include <string_view>

#include "core/backend.h"

namespace tessera {

static bool& replays_now() {
  static const char* const setting = std::getenv("TESSERA_CUDA_GRAPHS");
  static thread_local bool now = !setting || std::string_view(setting) != "0";
  return now;
}

NoReplay::NoReplay() : Scoped(replays_now(), false) {}

bool replays_work() {
  return replays_now();
}

ReplayStats replay_stats(Device device) {
  return backend(device).replays();
}

}  // namespace tessera
