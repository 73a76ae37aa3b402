#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "core/tensor.h"

namespace tessera::train {

// Processes that train one network together, a device each: the ranks 0, 1, ... They share nothing
// but a piece of memory, through which they tell each other numbers, and arrays of the processor;
// arrays of GPUs go by NCCL.
//
// When one of them ends before the others, or fails, all are ended, with a message that names it.
class Ranks {
 public:
  // Starts a process for each name but the first; every one of them returns from here with its own
  // number, and the one that called has 0. To be called before anything else has started threads or
  // used a GPU. One waits for the others for 600 seconds, or TESSERA_RANK_SECONDS.
  explicit Ranks(std::vector<std::string> devices);
  // Rank 0 waits for the others; they end here.
  ~Ranks();
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  int rank() const { return rank_; }
  int size() const { return static_cast<int>(devices_.size()); }
  bool first() const { return rank_ == 0; }
  const std::string& device() const { return devices_[static_cast<size_t>(rank_)]; }

  // all = the bytes of rank 0, of rank 1, and so on. Like what follows it is called by all ranks,
  // in the same order. Throws Error naming a rank that does not come in time.
  void gather(std::span<const std::byte> mine, std::byte* all);

  // What rank 0 has, for all. The others wait as long as it takes.
  template <class T>
  T from_first(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    T result = value;
    from_first(std::as_writable_bytes(std::span(&result, 1)));
    return result;
  }

  // The sum over all ranks, in their order: the same bits everywhere.
  double sum(double value);

  // The means of these gradients over all ranks, added in their order: the same bits everywhere.
  // Undefined ones stay so.
  Tensors mean(const Tensors& gradients);

 private:
  class Gather;
  struct Shared;
  void from_first(std::span<std::byte> bytes);
  void meet(double seconds);
  void watch();
  void end_others();

  std::vector<std::string> devices_;
  double seconds_;
  int rank_ = 0;
  uint64_t met_ = 0;  // how often
  Shared* shared_ = nullptr;
  std::vector<int> processes_;  // rank 0: of the others
  struct Watching;
  std::unique_ptr<Watching> watching_;
  std::shared_ptr<const Op> gather_op_;
};

}  // namespace tessera::train
