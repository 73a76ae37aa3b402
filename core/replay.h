#pragma once

#include <cstdint>

#include "core/device.h"
#include "core/settings.h"

namespace tessera {

// A GPU that is asked for the same work at the same addresses again and again, as in training,
// records it as one CUDA graph, and from then on replays that: a step is one launch, not hundreds.
// Same bits, and nothing to do for users; what keeps a step from being recorded is in docs/gpu.md.

// While alive, what the thread evaluates is launched kernel by kernel: `NoReplay plain;`. The
// environment variable TESSERA_CUDA_GRAPHS=0 does that for the whole program.
class NoReplay : Scoped<bool> {
 public:
  NoReplay();
};

bool replays_work();  // whether the thread's is recorded and replayed

// Counters of a device, since it was first used.
struct ReplayStats {
  int64_t recorded = 0;
  int64_t replayed = 0;  // the first time after recording, too
  int64_t refused = 0;   // could not be recorded
  int64_t kept = 0;      // recordings that are there now
};
ReplayStats replay_stats(Device device);

}  // namespace tessera
