#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "core/backend.h"
#include "core/cuda/driver.h"

namespace tessera::cuda {

// Copies between ordinary memory of the processor and the GPU by way of a ring of pinned blocks:
// while the GPU copies one, the processor fills or empties the next. Thread-safe.
class Staging {
 public:
  explicit Staging(Driver& driver, int64_t block_bytes = int64_t{4} << 20, int blocks = 4);
  ~Staging();
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;

  // A copy of the bytes in pinned memory of its own, which is reused once they are on the GPU. The
  // Staging must outlive it.
  std::unique_ptr<Parcel> pack(const void* from, int64_t bytes);

  // Copies to the GPU, in the order of its stream; `from` may change afterwards. Only waits when
  // all blocks are on their way.
  void write(std::byte* to, const void* from, int64_t bytes);

  // Copies from the GPU, after all that was asked for before.
  void read(void* to, const std::byte* from, int64_t bytes);

 private:
  struct Block {
    std::byte* memory = nullptr;
    Event done = nullptr;  // recorded after the last copy that uses the block
    bool busy = false;
  };
  class PinnedParcel;

  Block& next();  // the block used longest ago, no longer busy

  Driver& driver_;
  const int64_t block_bytes_;
  std::mutex mutex_;
  std::vector<Block> blocks_;
  size_t turn_ = 0;
  std::map<int64_t, std::vector<Block>> packed_;  // of parcels that were sent or dropped, by size
};

}  // namespace tessera::cuda
