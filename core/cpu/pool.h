#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <vector>

namespace tessera::cpu {

// Caching allocator: freed blocks are kept in lists by size and handed out again, because writing
// to fresh pages costs 3 to 20 times as much as writing to pages already touched. Sizes are rounded
// up by at most an eighth so that similar requests share blocks. Thread-safe.
class Pool {
 public:
  static Pool& instance();

  // Returns a block of at least `bytes`, aligned to 64, and its size through `capacity`;
  // nullptr when the system has no memory left.
  std::byte* take(int64_t bytes, int64_t& capacity);
  void give(std::byte* block, int64_t capacity);
  void trim();  // frees what is cached

  int64_t live() const;
  int64_t peak() const;
  int64_t cached() const;
  void reset_peak();

 private:
  mutable std::mutex mutex_;
  std::map<int64_t, std::vector<std::byte*>> free_;
  int64_t live_ = 0, peak_ = 0, cached_ = 0;

  void trim_locked();
};

// The size a request is rounded up to.
int64_t size_class(int64_t bytes);

}  // namespace tessera::cpu
