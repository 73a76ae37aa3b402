#include "core/cuda/nccl.h"

#include "core/cuda/library.h"
#include "core/error.h"

namespace tessera::cuda {

Exchange::~Exchange() {
  if (communicator_) api_.ncclCommDestroy(communicator_);
}

void Exchange::check(NcclApi::Result result, const char* call) const {
  require(result == 0, "cuda: {} must succeed on rank {}, got {}", call, rank_,
          api_.ncclGetErrorString(result));
}

void Exchange::gather(Stream& stream, const std::byte* mine, int64_t bytes, std::byte* all) {
  void* const native = stream.driver().native_stream();
  if (!communicator_) {
    NcclApi::UniqueId id = {};
    if (rank_ == 0) check(api_.ncclGetUniqueId(&id), "ncclGetUniqueId");
    share_(id.bytes);
    check(api_.ncclCommInitRank(&communicator_, ranks_, id, rank_), "ncclCommInitRank");
  }
  check(api_.ncclAllGather(mine, all, static_cast<size_t>(bytes), NcclApi::kBytes, communicator_,
                           native),
        "ncclAllGather");
}

NcclApi open_nccl() {
  const Library library{"libnccl.so.2", "libnccl.so"};
  require(library.found(),
          "cuda: several GPUs need NCCL, which cannot be loaded: {}; install libnccl2, or train on "
          "one GPU",
          library.error());
  NcclApi api;
#define TESSERA_LOAD(name) api.name = reinterpret_cast<decltype(api.name)>(library.function(#name))
  TESSERA_LOAD(ncclGetUniqueId);
  TESSERA_LOAD(ncclCommInitRank);
  TESSERA_LOAD(ncclCommDestroy);
  TESSERA_LOAD(ncclAllGather);
  TESSERA_LOAD(ncclGetErrorString);
#undef TESSERA_LOAD
  return api;
}

}  // namespace tessera::cuda
