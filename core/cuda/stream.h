#pragma once

#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/cuda/driver.h"
#include "core/cuda/faults.h"
#include "core/cuda/kernel_cache.h"
#include "core/cuda/launch.h"
#include "core/cuda/products.h"
#include "core/cuda/tables.h"
#include "core/pool.h"

namespace tessera::cuda {

// How NVIDIA's libraries are loaded; tests put others in their place.
struct Libraries {
  std::unique_ptr<MatrixProducts> (*open_products)() = open_cublaslt;
  std::unique_ptr<Convolutions> (*open_convolutions)() = open_cudnn;
  std::unique_ptr<Attentions> (*open_attentions)() = open_cudnn_attention;
};

// What kernels of an op may use on a GPU: its driver, with the one stream all work goes to, its
// memory, its kernels, and NVIDIA's libraries.
class Stream {
 public:
  Stream(Driver& driver, Pool& pool, KernelCache& kernels, const Libraries& libraries = {})
      : driver_(driver),
        pool_(pool),
        kernels_(kernels),
        products_(libraries.open_products),
        convolutions_(libraries.open_convolutions),
        attentions_(libraries.open_attentions),
        faults_(driver),
        tables_(driver) {}

  Driver& driver() { return driver_; }
  KernelCache& kernels() { return kernels_; }
  Faults& faults() { return faults_; }
  Tables& tables() { return tables_; }

  // Null where the library is not installed. It is loaded by the first call.
  MatrixProducts* products();
  Convolutions* convolutions();
  Attentions* attentions();

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
    Scratch(Stream& stream, int64_t bytes);
    ~Scratch() { pool_.give(data_, capacity_); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    std::byte* data() const { return data_; }

   private:
    Pool& pool_;
    int64_t capacity_ = 0;
    std::byte* data_;
  };
  Scratch scratch(int64_t bytes) { return {*this, bytes}; }

  // While it rehearses, `launch` has kernels compiled and does nothing, nor do the libraries.
  void set_rehearsing(bool rehearsing) { rehearsing_ = rehearsing; }
  bool rehearsing() const { return rehearsing_; }

  // Until this is called with null, the blocks that `scratch` gives are added to the list.
  void note_scratch(std::vector<PoolBlock>* list) { noted_ = list; }

 private:
  // Made by `open` when it is asked for the first time.
  template <class T>
  class Lazy {
   public:
    explicit Lazy(std::unique_ptr<T> (*open)()) : open_(open) {}
    T* get() {
      if (open_) made_ = std::exchange(open_, nullptr)();
      return made_.get();
    }

   private:
    std::unique_ptr<T> (*open_)();
    std::unique_ptr<T> made_;
  };

  void launch(std::string_view file, std::string_view kernel, Blocks blocks, const void* parameters,
              size_t bytes);

  Driver& driver_;
  Pool& pool_;
  KernelCache& kernels_;
  Lazy<MatrixProducts> products_;
  Lazy<Convolutions> convolutions_;
  Lazy<Attentions> attentions_;
  Faults faults_;
  Tables tables_;
  std::vector<PoolBlock>* noted_ = nullptr;
  bool rehearsing_ = false;
};

}  // namespace tessera::cuda
