#pragma once

#include <string_view>
#include <type_traits>

#include "core/cuda/driver.h"
#include "core/cuda/kernel_cache.h"
#include "core/cuda/launch.h"
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

  // Launches a kernel of a *.cu.inc file: `kernel` is a function "cuda::softmax::forward<float>" of
  // `file`, "ops/softmax.cu.inc", whose only argument is a `const Parameters&`. It is compiled when
  // it is launched for the first time. No block means that there is nothing to do.
  template <class Parameters>
  void launch(std::string_view file, std::string_view kernel, Blocks blocks,
              const Parameters& parameters) {
    static_assert(std::is_trivially_copyable_v<Parameters>);
    launch(file, kernel, blocks, &parameters, sizeof parameters);
  }

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
  void launch(std::string_view file, std::string_view kernel, Blocks blocks, const void* parameters,
              size_t bytes);

  Driver& driver_;
  Pool& pool_;
  KernelCache& kernels_;
};

}  // namespace tessera::cuda
