#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "core/program.h"

namespace tessera::cpu {

class TileRunner;

// Runs a fused program over arrays given by slot. The iteration space is cut into tiles of a few
// hundred elements; every instruction is a pre-compiled loop over one tile, so that intermediate
// values stay in the first-level cache. Chunks of tiles are spread over the threads; the split
// depends on the program alone, and so do the bits of the result.
void run(const Program& program, std::span<std::byte* const> slots);

// Runs a flat program over parts of its space, in any order and from any thread: what follows a
// kernel, as soon as a part of its result is final.
class PartRunner {
 public:
  PartRunner(const Program& program, std::span<std::byte* const> slots);
  ~PartRunner();
  PartRunner(const PartRunner&) = delete;
  PartRunner& operator=(const PartRunner&) = delete;

  void run(int64_t begin, int64_t n);  // elements [begin, begin + n) of the space

  // Whether small parts cost little more than large ones: one chain over one axis.
  bool quick() const { return chain_ != nullptr; }
  // Whether the program is relu of f32 in place and nothing else.
  bool is_relu() const;

 private:
  std::unique_ptr<TileRunner> take();

  const Program program_;
  const std::span<std::byte* const> slots_;
  const int64_t inner_;
  const bool in_place_, by_row_;
  const int64_t tile_;
  // If the program is one chain over one axis: it and its links at the first element.
  ChainFn chain_ = nullptr;
  int64_t size_ = 0;  // bytes of an element
  std::vector<ChainLink> links_;
  std::vector<size_t> block_;  // by link: the first that has the same operand
  std::mutex mutex_;
  std::vector<std::unique_ptr<TileRunner>> idle_;
};

}  // namespace tessera::cpu
