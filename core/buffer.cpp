#include "core/buffer.h"

#include <mutex>

#include "core/backend.h"
#include "core/cpu/backend.h"
#include "core/error.h"
#include "core/op.h"

namespace tessera {

namespace {

// All buffers alive, as a doubly linked list.
struct Registry {
  std::mutex mutex;
  Buffer* first = nullptr;
};

Registry& registry() {
  static Registry* all = new Registry;  // tensors with static lifetime outlive other statics
  return *all;
}

}  // namespace

void acquire(Buffer* buffer) {
  buffer->references.fetch_add(1, std::memory_order_relaxed);
}

void release(Buffer* buffer) {
  if (buffer->references.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  {
    const std::lock_guard lock(registry().mutex);
    (buffer->previous ? buffer->previous->next : registry().first) = buffer->next;
    if (buffer->next) buffer->next->previous = buffer->previous;
  }
  if (buffer->data) backend(buffer->device).give(buffer->data, buffer->capacity);
  delete buffer;
}

Ref<Buffer> allocate(int64_t bytes, Device device) {
  Backend& owner = backend(device);
  auto buffer = Ref<Buffer>(new Buffer);
  buffer->bytes = bytes;
  buffer->device = device;
  {
    const std::lock_guard lock(registry().mutex);
    buffer->next = registry().first;
    if (buffer->next) buffer->next->previous = buffer.get();
    registry().first = buffer.get();
  }
  buffer->data = owner.take(bytes, buffer->capacity);
  if (buffer->data == nullptr) {
    fail(fmt::format(
        "memory: {} could not give {} bytes, {} are in use; use smaller batches or "
        "checkpoint(fn, args)",
        device == Device::cpu() ? "the system" : device.str(), bytes, owner.memory().live));
  }
  return buffer;
}

void describe(Buffer& buffer, const Node& node) {
  const std::lock_guard lock(registry().mutex);
  buffer.op = node.op->name();
  buffer.shape = node.shape;
  buffer.dtype = node.dtype;
  buffer.site = node.site;
}

void for_each_buffer(const std::function<void(const Buffer&)>& f) {
  const std::lock_guard lock(registry().mutex);
  for (const Buffer* buffer = registry().first; buffer; buffer = buffer->next) f(*buffer);
}

MemoryStats memory_stats() {
  return cpu::backend().memory();
}

void reset_peak_memory() {
  cpu::backend().reset_peak();
}

void empty_cache() {
  cpu::backend().trim();
}

}  // namespace tessera
