#include "core/pool.h"

#include <algorithm>
#include <bit>
#include <iterator>

namespace tessera {

int64_t size_class(int64_t bytes) {
  constexpr int64_t alignment = 64;
  if (bytes <= 8 * alignment)
    return std::max<int64_t>(alignment, (bytes + alignment - 1) / alignment * alignment);
  const auto step = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(bytes))) / 8;
  return (bytes + step - 1) / step * step;
}

std::byte* Pool::take(int64_t bytes, int64_t& capacity) {
  capacity = size_class(bytes);
  const std::lock_guard lock(mutex_);
  std::byte* block = nullptr;
  const int64_t most = reuse_ == Reuse::latest ? capacity * 3 / 2 : capacity;
  auto list = free_.lower_bound(capacity);
  while (list != free_.end() && list->second.empty()) ++list;
  if (list != free_.end() && list->first <= most) {
    capacity = list->first;
    block = list->second.back();
    list->second.pop_back();
    cached_ -= capacity;
  } else {
    constexpr int64_t kFloor = int64_t{256} << 20;  // less is not worth a page fault
    const int64_t bearable = std::max(kFloor, std::max(highest_, live_ + capacity) * 5 / 4);
    free_cached(live_ + cached_ + capacity - bearable);
    block = source_.obtain(capacity);
    if (block == nullptr) {
      free_cached(cached_);
      block = source_.obtain(capacity);
      if (block == nullptr) return nullptr;
    }
  }
  took(capacity);
  return block;
}

void Pool::took(int64_t capacity) {
  live_ += capacity;
  peak_ = std::max(peak_, live_);
  highest_ = std::max(highest_, live_);
}

bool Pool::take_again(std::span<const PoolBlock> blocks) {
  const std::lock_guard lock(mutex_);
  const auto place = [&](const PoolBlock& block) {
    std::vector<std::byte*>& list = free_[block.capacity];
    return std::pair(&list, std::ranges::find(list, block.data));
  };
  const bool all = std::ranges::all_of(blocks, [&](const PoolBlock& block) {
    const auto [list, found] = place(block);
    return found != list->end();
  });
  if (!all) return false;
  for (const PoolBlock& block : blocks) {
    const auto [list, found] = place(block);
    list->erase(found);
    cached_ -= block.capacity;
    took(block.capacity);
  }
  return true;
}

void Pool::give(std::byte* block, int64_t capacity) {
  const std::lock_guard lock(mutex_);
  std::vector<std::byte*>& list = free_[capacity];
  list.insert(reuse_ == Reuse::latest
                  ? list.end()
                  : std::ranges::lower_bound(list, block, std::ranges::greater()),
              block);
  live_ -= capacity;
  cached_ += capacity;
}

void Pool::trim() {
  const std::lock_guard lock(mutex_);
  free_cached(cached_);
}

void Pool::free_cached(int64_t bytes) {
  while (bytes > 0 && !free_.empty()) {
    const auto largest = std::prev(free_.end());
    auto& [capacity, blocks] = *largest;
    for (; bytes > 0 && !blocks.empty(); bytes -= capacity, cached_ -= capacity) {
      source_.release(blocks.back());
      blocks.pop_back();
    }
    if (blocks.empty()) free_.erase(largest);
  }
}

int64_t Pool::live() const {
  const std::lock_guard lock(mutex_);
  return live_;
}

int64_t Pool::peak() const {
  const std::lock_guard lock(mutex_);
  return peak_;
}

int64_t Pool::cached() const {
  const std::lock_guard lock(mutex_);
  return cached_;
}

void Pool::reset_peak() {
  const std::lock_guard lock(mutex_);
  peak_ = live_;
}

}  // namespace tessera
