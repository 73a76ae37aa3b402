#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "core/call.h"
#include "core/device.h"
#include "core/dtype.h"
#include "core/ref.h"
#include "core/shape.h"

namespace tessera {

class Node;

// A block of memory that belongs to the caching pool of its device. Counted: the last Ref gives it
// back.
struct Buffer {
  std::byte* data = nullptr;  // an address of the device
  int64_t bytes = 0;          // asked for
  int64_t capacity = 0;       // taken from the pool
  Device device;
  Ref<Buffer> on_host;  // a copy of the value for readers on the processor, made when one asks
  std::atomic<int32_t> references{0};

  // The value it holds, for memory reports; without an op it is a plan's arena.
  std::string op;
  Shape shape;
  DType dtype = f32;
  CallSite site;
  Buffer *previous = nullptr, *next = nullptr;  // of all buffers alive
};

void acquire(Buffer* buffer);
void release(Buffer* buffer);

// A block of at least `bytes` bytes, aligned to 64, contents undefined.
// Throws Error when the device has no memory left.
Ref<Buffer> allocate(int64_t bytes, Device device = {});

// Notes that the buffer holds the value of `node`.
void describe(Buffer& buffer, const Node& node);

// Calls f for each buffer alive, none of which changes meanwhile; f must not allocate any.
void for_each_buffer(const std::function<void(const Buffer&)>& f);

// What the pool of the processor's memory holds, in bytes. `live` is in use, `cached` is kept for
// reuse, `peak` is the highest `live` since reset_peak_memory(). `nodes` counts graph nodes alive.
struct MemoryStats {
  int64_t live = 0, peak = 0, cached = 0, nodes = 0;
};
MemoryStats memory_stats();
void reset_peak_memory();
void empty_cache();  // gives cached blocks back to the system

}  // namespace tessera
