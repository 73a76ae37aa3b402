#pragma once

#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/cuda/recorder.h"
#include "core/cuda/stream.h"
#include "core/plan.h"
#include "core/pool.h"
#include "core/replay.h"

namespace tessera::cuda {

// The recordings of a GPU, and what may be recorded next.
//
// A run of a plan is known by the plan and its footprint: everything besides that its launches
// depend on, above all addresses. The first run of a footprint is done launch by launch, which
// loads its kernels and lets libraries choose algorithms; the second is recorded; later ones are
// replayed. A training loop comes back to the same few footprints, since the pool hands out blocks
// in an order that depends only on which are free. Memory for intermediate results belongs to a
// recording only while it is replayed: where something else lives in it, that run is launched.
//
// The footprints used longest ago are forgotten, and those of plans that are gone. Thread-safe.
class Replays {
 public:
  Replays(Recorder& recorder, Pool& pool, Stream& stream)
      : recorder_(recorder), pool_(pool), stream_(stream) {}
  ~Replays() { clear(); }
  Replays(const Replays&) = delete;
  Replays& operator=(const Replays&) = delete;

  // Does `work`, which runs the plan, or replays what it launched before.
  void run(const std::shared_ptr<const Plan>& plan, std::string_view footprint,
           const std::function<void()>& work);

  void clear();  // forgets all, such as when memory goes back to the system
  ReplayStats stats() const;

  static constexpr size_t kMost = 64;  // footprints that are known

 private:
  struct Entry {
    std::weak_ptr<const Plan> plan;
    std::string footprint;
    Recording recording = nullptr;
    bool refused = false;
    std::vector<PoolBlock> scratch = {};  // what is written besides the footprint
  };

  bool replayed(const std::shared_ptr<const Plan>& plan, std::string_view footprint,
                const std::function<void()>& work);
  bool replay(Entry& entry);
  void forget(Entry& entry);
  void forget_unused();

  Recorder& recorder_;
  Pool& pool_;
  Stream& stream_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;  // used last first
  ReplayStats stats_;
};

}  // namespace tessera::cuda
