#include "core/slab.h"

#include <array>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#if defined(__SANITIZE_ADDRESS__)
#define TESSERA_PLAIN_NEW 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TESSERA_PLAIN_NEW 1
#endif
#endif

namespace tessera {

#ifdef TESSERA_PLAIN_NEW

void* slab_allocate(size_t bytes) {
  return ::operator new(bytes);
}
void slab_free(void* memory, size_t bytes) noexcept {
  ::operator delete(memory, bytes);
}

#else

namespace {

constexpr size_t kStep = 64, kClasses = 8, kChunk = 256;

struct FreeBlock {
  FreeBlock* next;
};

// Free blocks of threads that have ended, for others to take over.
struct Orphans {
  std::mutex mutex;
  std::array<std::vector<FreeBlock*>, kClasses> lists;
};

Orphans& orphans() {
  static Orphans* all = new Orphans;  // outlives every thread
  return *all;
}

struct FreeLists {
  std::array<FreeBlock*, kClasses> head{};

  ~FreeLists() {
    Orphans& all = orphans();
    const std::lock_guard lock(all.mutex);
    for (size_t i = 0; i < kClasses; ++i) {
      if (head[i]) all.lists[i].push_back(std::exchange(head[i], nullptr));
    }
  }

  void refill(size_t index) {
    {
      Orphans& all = orphans();
      const std::lock_guard lock(all.mutex);
      if (!all.lists[index].empty()) {
        head[index] = all.lists[index].back();
        all.lists[index].pop_back();
        return;
      }
    }
    const size_t bytes = (index + 1) * kStep;
    auto* chunk = static_cast<std::byte*>(::operator new (bytes* kChunk, std::align_val_t{kStep}));
    for (size_t i = 0; i < kChunk; ++i) {
      auto* link = reinterpret_cast<FreeBlock*>(chunk + i * bytes);
      link->next = head[index];
      head[index] = link;
    }
  }
};

FreeLists& free_lists() {
  static thread_local FreeLists lists;
  return lists;
}

}  // namespace

void* slab_allocate(size_t bytes) {
  const size_t index = (bytes - 1) / kStep;
  if (index >= kClasses) return ::operator new(bytes);
  FreeLists& lists = free_lists();
  if (lists.head[index] == nullptr) lists.refill(index);
  FreeBlock* link = lists.head[index];
  lists.head[index] = link->next;
  return link;
}

void slab_free(void* memory, size_t bytes) noexcept {
  const size_t index = (bytes - 1) / kStep;
  if (index >= kClasses) return ::operator delete(memory, bytes);
  FreeLists& lists = free_lists();
  auto* link = static_cast<FreeBlock*>(memory);
  link->next = lists.head[index];
  lists.head[index] = link;
}

#endif

}  // namespace tessera
