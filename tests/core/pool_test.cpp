#include "core/pool.h"

#include <cstdlib>
#include <vector>

#include <doctest/doctest.h>

using namespace tessera;

namespace {

struct System final : MemorySource {
  std::byte* obtain(int64_t bytes) override {
    if (bytes > most) return nullptr;
    ++blocks;
    return static_cast<std::byte*>(std::aligned_alloc(64, static_cast<size_t>(bytes)));
  }
  void release(std::byte* block) override {
    --blocks;
    std::free(block);
  }
  int64_t most = int64_t{1} << 40, blocks = 0;
};

}  // namespace

TEST_SUITE("core/pool") {
  TEST_CASE("sizes are rounded up by at most an eighth, to whole lines of 64 bytes") {
    CHECK(size_class(0) == 64);
    CHECK(size_class(1) == 64);
    CHECK(size_class(64) == 64);
    CHECK(size_class(65) == 128);
    CHECK(size_class(1024) == 1024);
    CHECK(size_class(1025) == 1152);
    int64_t before = 0;
    for (int64_t bytes = 1; bytes < (int64_t{1} << 40); bytes += 1 + bytes / 7) {
      const int64_t size = size_class(bytes);
      CHECK(size >= bytes);
      CHECK(size % 64 == 0);
      CHECK(size >= before);
      if (bytes > 512) CHECK(size - bytes <= bytes / 8);
      CHECK(size_class(size) == size);
      before = size;
    }
  }

  TEST_CASE("a cached block half as large again will do, where addresses need not come back") {
    for (const Reuse reuse : {Reuse::latest, Reuse::lowest}) {
      System system;
      Pool pool(system, reuse);
      int64_t large = 0, capacity = 0;
      std::byte* const block = pool.take(3 << 20, large);
      pool.give(block, large);
      std::byte* const other = pool.take(2 << 20, capacity);
      const bool again = reuse == Reuse::latest;
      CHECK((other == block) == again);
      CHECK(capacity == (again ? large : size_class(2 << 20)));
      CHECK(pool.live() == capacity);
      CHECK(pool.cached() == (again ? 0 : large));
      pool.give(other, capacity);
      std::byte* const small = pool.take((2 << 20) - (1 << 18), capacity);
      CHECK(small != block);  // more than half as large again
      pool.give(small, capacity);
      pool.trim();
      CHECK(system.blocks == 0);
    }
  }

  TEST_CASE("a freed block is kept for requests of its size") {
    System system;
    Pool pool(system);
    int64_t capacity = 0;
    std::byte* block = pool.take(1000, capacity);
    REQUIRE(block != nullptr);
    CHECK(capacity == size_class(1000));
    CHECK(pool.live() == capacity);
    CHECK(pool.cached() == 0);
    pool.give(block, capacity);
    CHECK(pool.live() == 0);
    CHECK(pool.cached() == capacity);
    CHECK(pool.peak() == capacity);

    int64_t other = 0;
    std::byte* larger = pool.take(5000, other);
    CHECK(larger != block);
    CHECK(pool.take(capacity, capacity) == block);
    CHECK(pool.cached() == 0);
    CHECK(pool.peak() == capacity + other);
    pool.give(larger, other);
    pool.reset_peak();
    CHECK(pool.peak() == capacity);
    pool.give(block, capacity);
    pool.trim();
    CHECK(pool.cached() == 0);
    CHECK(system.blocks == 0);
  }

  TEST_CASE("what is cached goes back before a request fails") {
    System system;
    Pool pool(system);
    int64_t capacity = 0;
    std::byte* block = pool.take(1000, capacity);
    pool.give(block, capacity);
    system.most = 500;
    CHECK(pool.take(2000, capacity) == nullptr);
    CHECK(system.blocks == 0);
    CHECK(pool.cached() == 0);
    CHECK(pool.live() == 0);
  }

  TEST_CASE("much memory of other sizes is not kept beside what is in use") {
    System system;
    Pool pool(system);
    int64_t capacity = 0, other = 0;
    const auto use = [&](int64_t mebibytes, int64_t& size) {
      std::byte* block = pool.take(mebibytes << 20, size);
      REQUIRE(block != nullptr);
      pool.give(block, size);
    };
    use(200, capacity);
    use(20, other);  // little more
    CHECK(pool.cached() == capacity + other);
    use(220, other);  // the larger one of both has to go
    CHECK(pool.cached() == size_class(20 << 20) + other);
    std::byte* again = pool.take(20 << 20, capacity);
    CHECK(pool.cached() == other);
    pool.give(again, capacity);
    pool.trim();
    CHECK(pool.cached() == 0);
  }

  TEST_CASE("a loop that takes the same sizes comes back to the same blocks") {
    System system;
    Pool pool(system, Reuse::lowest);
    std::vector<PoolBlock> kept(5);
    const auto step = [&] {  // new blocks while the old ones are in use, as updates of weights
      std::vector<PoolBlock> taken(kept.size());
      for (PoolBlock& block : taken) block.data = pool.take(100, block.capacity);
      for (const PoolBlock& block : kept) {
        if (block.data) pool.give(block.data, block.capacity);
      }
      kept = taken;
    };
    std::vector<std::vector<std::byte*>> seen;
    for (int i = 0; i < 8; ++i) {
      step();
      seen.emplace_back();
      for (const PoolBlock& block : kept) seen.back().push_back(block.data);
    }
    CHECK(seen[7] == seen[5]);
    CHECK(seen[6] == seen[4]);
    for (const PoolBlock& block : kept) pool.give(block.data, block.capacity);
    pool.trim();
  }

  TEST_CASE("given blocks are taken again all or none") {
    System system;
    Pool pool(system, Reuse::lowest);
    std::vector<PoolBlock> blocks(3);
    for (PoolBlock& block : blocks) block.data = pool.take(1000, block.capacity);
    for (const PoolBlock& block : blocks) pool.give(block.data, block.capacity);
    REQUIRE(pool.take_again(blocks));
    CHECK(pool.live() == 3 * size_class(1000));
    CHECK(pool.cached() == 0);
    CHECK(!pool.take_again({&blocks[1], 1}));
    pool.give(blocks[0].data, blocks[0].capacity);
    CHECK(!pool.take_again({blocks.data(), 2}));
    CHECK(pool.cached() == size_class(1000));
    pool.give(blocks[1].data, blocks[1].capacity);
    pool.give(blocks[2].data, blocks[2].capacity);
    pool.trim();
    CHECK(!pool.take_again({blocks.data(), 1}));
    CHECK(pool.live() == 0);
    CHECK(pool.cached() == 0);
  }
}
