#include "core/cuda/stream.h"

#include "core/error.h"

namespace tessera::cuda {

Stream::Scratch::Scratch(Pool& pool, int64_t bytes)
    : pool_(pool), data_(pool.take(bytes, capacity_)) {
  require(data_ != nullptr,
          "memory: the GPU could not give {} bytes for intermediate results, {} are in use; use "
          "smaller batches or checkpoint(fn, args)",
          bytes, pool.live());
}

}  // namespace tessera::cuda
