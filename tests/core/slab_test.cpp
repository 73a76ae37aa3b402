#include "core/slab.h"

#include <cstdint>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

using namespace tessera;

namespace {

struct Block {
  unsigned char* memory;
  size_t bytes;
};

// Blocks of many sizes, each filled with its own number.
std::vector<Block> allocate_many(int count) {
  std::vector<Block> blocks;
  for (int i = 0; i < count; ++i) {
    const size_t bytes = 1 + static_cast<size_t>(i * 37 % 700);
    blocks.push_back({static_cast<unsigned char*>(slab_allocate(bytes)), bytes});
    std::memset(blocks.back().memory, i & 0xff, bytes);
  }
  return blocks;
}

// Whether no block was written to by another; then all are freed.
bool free_many(const std::vector<Block>& blocks) {
  bool intact = true;
  for (size_t i = 0; i < blocks.size(); ++i) {
    for (size_t k = 0; k < blocks[i].bytes; ++k)
      intact = intact && blocks[i].memory[k] == (i & 0xff);
  }
  for (const Block& block : blocks) slab_free(block.memory, block.bytes);
  return intact;
}

}  // namespace

TEST_SUITE("core/slab") {
  TEST_CASE("blocks do not overlap") {
    const std::vector<Block> blocks = allocate_many(3000);
    std::set<const void*> different;
    for (const Block& block : blocks) {
      different.insert(block.memory);
      CHECK(reinterpret_cast<uintptr_t>(block.memory) % alignof(std::max_align_t) == 0);
    }
    CHECK(different.size() == blocks.size());
    CHECK(free_many(blocks));
    CHECK(free_many(allocate_many(3000)));
  }

  TEST_CASE("a block may be freed by another thread") {
    std::vector<Block> blocks;
    std::thread([&] { blocks = allocate_many(1000); }).join();
    CHECK(free_many(blocks));
    bool intact = false;
    const std::vector<Block> more = allocate_many(1000);
    std::thread([&] { intact = free_many(more); }).join();
    CHECK(intact);
    CHECK(free_many(allocate_many(3000)));  // what the threads left behind
  }

  TEST_CASE("threads allocate side by side") {
    std::vector<std::thread> threads;
    std::vector<char> intact(4, 0);
    for (size_t t = 0; t < intact.size(); ++t) {
      threads.emplace_back([&intact, t] {
        bool all = true;
        for (int round = 0; round < 20; ++round) all = all && free_many(allocate_many(500));
        intact[t] = all;
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(intact == std::vector<char>(4, 1));
  }
}
