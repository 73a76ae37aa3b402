#include "core/cuda/staging.h"

#include <algorithm>
#include <cstring>

#include "core/pool.h"

namespace tessera::cuda {

Staging::Staging(Driver& driver, int64_t block_bytes, int blocks)
    : driver_(driver), block_bytes_(block_bytes), blocks_(static_cast<size_t>(blocks)) {}

Staging::~Staging() {
  const auto release = [&](const Block& block) {
    if (block.busy) driver_.wait(block.done);
    if (block.memory) driver_.free_pinned(block.memory);
  };
  std::ranges::for_each(blocks_, release);
  for (const auto& [bytes, blocks] : packed_) std::ranges::for_each(blocks, release);
}

class Staging::PinnedParcel final : public Parcel {
 public:
  PinnedParcel(Staging& staging, const Block& block, int64_t bytes)
      : staging_(staging), block_(block), bytes_(bytes) {}
  ~PinnedParcel() override {
    const std::lock_guard lock(staging_.mutex_);
    staging_.packed_[size_class(bytes_)].push_back(block_);
  }
  PinnedParcel(const PinnedParcel&) = delete;
  PinnedParcel& operator=(const PinnedParcel&) = delete;

  void send(std::byte* to) override {
    staging_.driver_.copy_in(to, block_.memory, bytes_);
    staging_.driver_.record(block_.done);
    block_.busy = true;
  }

 private:
  Staging& staging_;
  Block block_;
  const int64_t bytes_;
};

std::unique_ptr<Parcel> Staging::pack(const void* from, int64_t bytes) {
  Block block;
  {
    const std::lock_guard lock(mutex_);
    std::vector<Block>& free = packed_[size_class(bytes)];
    if (!free.empty()) {  // the one that was sent first
      block = free.front();
      free.erase(free.begin());
    }
  }
  if (!block.memory) {
    block.done = driver_.make_event();
    block.memory = driver_.allocate_pinned(size_class(bytes));
  }
  if (block.busy) driver_.wait(block.done);
  block.busy = false;
  if (bytes > 0) std::memcpy(block.memory, from, static_cast<size_t>(bytes));
  return std::make_unique<PinnedParcel>(*this, block, bytes);
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
