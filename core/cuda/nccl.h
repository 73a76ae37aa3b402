#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include "core/cuda/stream.h"

namespace tessera::cuda {

// What is used of NCCL, whose header is not needed: names and numbers are those of nccl.h, version
// 2. Tests put others in their place.
struct NcclApi {
  struct UniqueId {
    std::array<char, 128> bytes;
  };
  using Communicator = void*;
  using Result = int;  // 0: success
  static constexpr int kBytes = 0;

  Result (*ncclGetUniqueId)(UniqueId* id) = nullptr;
  Result (*ncclCommInitRank)(Communicator* made, int ranks, UniqueId id, int rank) = nullptr;
  Result (*ncclCommDestroy)(Communicator communicator) = nullptr;
  Result (*ncclAllGather)(const void* mine, void* all, size_t count, int type,
                          Communicator communicator, void* stream) = nullptr;
  const char* (*ncclGetErrorString)(Result result) = nullptr;
};

// One of several processes, each with a GPU of its own, that exchange arrays.
class Exchange {
 public:
  // `share` gives every rank what rank 0 has in these bytes; it is called once, by the first
  // gather.
  Exchange(const NcclApi& api, int rank, int ranks, std::function<void(std::span<char>)> share)
      : api_(api), rank_(rank), ranks_(ranks), share_(std::move(share)) {}
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // all = the `bytes` bytes of `mine` of rank 0, of rank 1, and so on. All ranks call it in the
  // same order. Nothing is computed, so that results do not depend on how it is done.
  void gather(Stream& stream, const std::byte* mine, int64_t bytes, std::byte* all);

 private:
  void check(NcclApi::Result result, const char* call) const;

  const NcclApi api_;
  const int rank_, ranks_;
  const std::function<void(std::span<char>)> share_;
  NcclApi::Communicator communicator_ = nullptr;
};

// NCCL, loaded now. Throws Error when it is not installed.
NcclApi open_nccl();

}  // namespace tessera::cuda
