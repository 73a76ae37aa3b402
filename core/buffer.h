#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/ref.h"

namespace tessera {

// A block of memory that belongs to the caching pool. Counted: the last Ref gives it back.
struct Buffer {
  std::byte* data = nullptr;
  int64_t bytes = 0;     // asked for
  int64_t capacity = 0;  // taken from the pool
  std::atomic<int32_t> references{0};
};

void acquire(Buffer* buffer);
void release(Buffer* buffer);

// A block of at least `bytes` bytes, aligned to 64, contents undefined.
// Throws Error when the system has no memory left.
Ref<Buffer> allocate(int64_t bytes);

// What the pool holds, in bytes. `live` is in use, `cached` is kept for reuse, `peak` is the
// highest `live` since reset_peak_memory(). `nodes` counts graph nodes alive.
struct MemoryStats {
  int64_t live = 0, peak = 0, cached = 0, nodes = 0;
};
MemoryStats memory_stats();
void reset_peak_memory();
void empty_cache();  // gives cached blocks back to the system

}  // namespace tessera
