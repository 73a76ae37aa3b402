#include "core/buffer.h"

#include "core/cpu/pool.h"
#include "core/error.h"
#include "core/node.h"

namespace tessera {

void acquire(Buffer* buffer) {
  buffer->references.fetch_add(1, std::memory_order_relaxed);
}

void release(Buffer* buffer) {
  if (buffer->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  cpu::Pool::instance().give(buffer->data, buffer->capacity);
  delete buffer;
}

Ref<Buffer> allocate(int64_t bytes) {
  auto buffer = Ref<Buffer>(new Buffer);
  buffer->bytes = bytes;
  buffer->data = cpu::Pool::instance().take(bytes, buffer->capacity);
  if (buffer->data == nullptr) {
    buffer->data = cpu::Pool::instance().take(0, buffer->capacity);  // keeps release() simple
    fail(fmt::format(
        "memory: the system could not give {} bytes, {} are in use; use smaller batches "
        "or checkpoint(fn, args)",
        bytes, cpu::Pool::instance().live()));
  }
  return buffer;
}

MemoryStats memory_stats() {
  const cpu::Pool& pool = cpu::Pool::instance();
  return {pool.live(), pool.peak(), pool.cached(), live_nodes()};
}

void reset_peak_memory() {
  cpu::Pool::instance().reset_peak();
}

void empty_cache() {
  cpu::Pool::instance().trim();
}

}  // namespace tessera
