#pragma once

#include "core/cuda/driver.h"
#include "core/cuda/kernel_cache.h"
#include "core/pool.h"

namespace tessera::cuda {

// What kernels of an op may use on a GPU: its driver, with the one stream all work goes to, its
// memory and its kernels.
class Stream {
 public:
  Stream(Driver& driver, Pool& pool, KernelCache& kernels)
      : driver_(driver), pool_(pool), kernels_(kernels) {}

  Driver& driver() { return driver_; }
  KernelCache& kernels() { return kernels_; }

  // Memory for intermediate results, until the object dies: what is asked for later may overwrite
  // it, and comes later in the stream. Throws Error when there is none left.
  class Scratch {
   public:
    Scratch(Pool& pool, int64_t bytes);
    ~Scratch() { pool_.give(data_, capacity_); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    std::byte* data() const { return data_; }

   private:
    Pool& pool_;
    int64_t capacity_ = 0;
    std::byte* data_;
  };
  Scratch scratch(int64_t bytes) { return {pool_, bytes}; }

 private:
  Driver& driver_;
  Pool& pool_;
  KernelCache& kernels_;
};

}  // namespace tessera::cuda
