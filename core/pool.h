#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <vector>

namespace tessera {

// Where a pool gets its memory.
class MemorySource {
 public:
  virtual ~MemorySource() = default;
  virtual std::byte* obtain(int64_t bytes) = 0;  // aligned to 64; nullptr when there is none left
  virtual void release(std::byte* block) = 0;
};

// A block that a pool has handed out, or may.
struct PoolBlock {
  std::byte* data = nullptr;
  int64_t capacity = 0;
};

// Which of the cached blocks of a size is handed out: the one that came back last, which is still
// in the processor's caches; or the one of the lowest address, so that a loop which takes and gives
// back the same sizes comes back to the same blocks.
enum class Reuse : uint8_t { latest, lowest };

// Caching allocator: freed blocks are kept in lists by size and handed out again, because writing
// to fresh pages costs 3 to 20 times as much as writing to pages already touched, and because
// freeing memory of a GPU waits for its work. Sizes are rounded up by at most an eighth so that
// similar requests share blocks, and a block half as large again will do where addresses need not
// come back. Before more is taken from the source than a quarter beyond what
// was ever in use, cached blocks of other sizes are given back: when the plan of a step changes, so
// does the size of its arena. Thread-safe.
class Pool {
 public:
  explicit Pool(MemorySource& source, Reuse reuse = Reuse::latest)
      : source_(source), reuse_(reuse) {}

  // Returns a block of at least `bytes`, aligned to 64, and its size through `capacity`;
  // nullptr when the source has no memory left.
  std::byte* take(int64_t bytes, int64_t& capacity);
  void give(std::byte* block, int64_t capacity);
  // Takes these very blocks if all of them are cached; false, and none, if not.
  bool take_again(std::span<const PoolBlock> blocks);
  void trim();  // gives what is cached back to the source

  int64_t live() const;
  int64_t peak() const;
  int64_t cached() const;
  void reset_peak();

 private:
  MemorySource& source_;
  const Reuse reuse_;
  mutable std::mutex mutex_;
  std::map<int64_t, std::vector<std::byte*>> free_;
  int64_t live_ = 0, peak_ = 0, cached_ = 0;
  int64_t highest_ = 0;  // live_ ever was

  void took(int64_t capacity);
  void free_cached(int64_t bytes);  // the largest blocks first, at least so much if there is
};

// The size a request is rounded up to.
int64_t size_class(int64_t bytes);

}  // namespace tessera
