#include "core/cuda/staging.h"

#include <algorithm>
#include <cstring>

namespace tessera::cuda {

Staging::Staging(Driver& driver, int64_t block_bytes, int blocks)
    : driver_(driver), block_bytes_(block_bytes), blocks_(static_cast<size_t>(blocks)) {}

Staging::~Staging() {
  for (Block& block : blocks_) {
    if (block.busy) driver_.wait(block.done);
    if (block.memory) driver_.free_pinned(block.memory);
  }
}

Staging::Block& Staging::next() {
  Block& block = blocks_[turn_];
  turn_ = (turn_ + 1) % blocks_.size();
  if (!block.memory) {
    block.done = driver_.make_event();
    block.memory = driver_.allocate_pinned(block_bytes_);
  }
  if (block.busy) driver_.wait(block.done);
  block.busy = false;
  return block;
}

void Staging::write(std::byte* to, const void* from, int64_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto* source = static_cast<const std::byte*>(from);
  for (int64_t done = 0; done < bytes; done += block_bytes_) {
    const int64_t n = std::min(block_bytes_, bytes - done);
    Block& block = next();
    std::memcpy(block.memory, source + done, static_cast<size_t>(n));
    driver_.copy_in(to + done, block.memory, n);
    driver_.record(block.done);
    block.busy = true;
  }
}

void Staging::read(void* to, const std::byte* from, int64_t bytes) {
  const std::lock_guard lock(mutex_);
  auto* target = static_cast<std::byte*>(to);
  const auto ring = static_cast<int64_t>(blocks_.size());
  const int64_t pieces = (bytes + block_bytes_ - 1) / block_bytes_;
  const auto size = [&](int64_t piece) {
    return static_cast<size_t>(std::min(block_bytes_, bytes - piece * block_bytes_));
  };
  std::vector<Block*> asked;
  for (int64_t piece = 0, emptied = 0; emptied < pieces;) {
    if (piece < pieces && piece - emptied < ring) {
      Block& block = next();
      driver_.copy_out(block.memory, from + piece * block_bytes_,
                       static_cast<int64_t>(size(piece)));
      driver_.record(block.done);
      asked.push_back(&block);
      ++piece;
      continue;
    }
    const Block& block = *asked[static_cast<size_t>(emptied)];
    driver_.wait(block.done);
    std::memcpy(target + emptied * block_bytes_, block.memory, size(emptied));
    ++emptied;
  }
}

}  // namespace tessera::cuda
