#pragma once

#include <memory>
#include <vector>

#include "core/backend.h"
#include "core/cuda/batches.h"
#include "core/cuda/compiler.h"
#include "core/cuda/kernel_cache.h"
#include "core/cuda/recorder.h"
#include "core/cuda/replays.h"
#include "core/cuda/staging.h"
#include "core/cuda/stream.h"
#include "core/pool.h"

namespace tessera::cuda {

// One GPU. Everything goes to one stream, in the order of the plan, so memory that was given back
// can be used again at once and nothing waits but `read`.
//
// A program is printed as CUDA C (core/cuda/print.h) when its plan is made and compiled once for
// its structure. A kernel op that has a kernel for GPUs (KernelOp::run_cuda) asks the Stream for
// what it needs; one that has none is computed by the processor, on copies. That waits for the
// stream and is slow, but every op works; fallbacks() counts them.
class GpuBackend : public Backend {
 public:
  // `folder` keeps compiled kernels (see KernelCache).
  GpuBackend(std::unique_ptr<Driver> driver, std::unique_ptr<Compiler> compiler, std::string folder,
             const Libraries& libraries = {});
  ~GpuBackend() override;

  std::byte* take(int64_t bytes, int64_t& capacity) override { return pool_.take(bytes, capacity); }
  void give(std::byte* block, int64_t capacity) override { pool_.give(block, capacity); }
  void trim() override;
  MemoryStats memory() const override;
  void reset_peak() override { pool_.reset_peak(); }

  bool channels_last() const override { return true; }
  std::shared_ptr<const Prepared> prepare(const Program& program) override;
  void run(const Group& step, std::span<std::byte* const> slots) override;
  void run(const KernelOp& op, std::span<const Array> inputs, const Array& output) override;
  void rehearse(const std::function<void()>& work) override;
  void run_plan(const std::shared_ptr<const Plan>& plan, std::string_view footprint,
                const std::function<void()>& work) override {
    batches_.flush();  // what an error left is no part of the plan
    replays_.run(plan, footprint, work);
  }
  ReplayStats replays() const override { return replays_.stats(); }
  std::unique_ptr<Parcel> pack(const void* from, int64_t bytes) override {
    return staging_.pack(from, bytes);
  }
  void finish() override { batches_.flush(); }
  void write(std::byte* to, const void* from, int64_t bytes) override;
  void read(void* to, const std::byte* from, int64_t bytes) override;

  // What the processor computed for the GPU, by op, since the backend was made: name and count.
  std::vector<std::pair<std::string, int64_t>> fallbacks() const { return fallbacks_; }
  // How often the processor has waited for the GPU.
  int64_t waits() const { return recorder_.waits(); }
  const KernelCache& kernels() const { return kernels_; }
  Stream& stream() { return stream_; }

 protected:
  // By the op's own kernel, in the format it takes; false where it has none.
  bool run_on_gpu(const KernelOp& op, std::span<const Array> inputs, const Array& output);

 private:
  class Memory final : public MemorySource {
   public:
    Memory(Driver& driver, Batches& batches) : driver_(driver), batches_(batches) {}
    std::byte* obtain(int64_t bytes) override { return driver_.allocate(bytes); }
    void release(std::byte* block) override {
      batches_.flush_own();  // what waits may use it
      driver_.free(block);
    }

   private:
    Driver& driver_;
    Batches& batches_;
  };

  const std::unique_ptr<Driver> driver_;
  const std::unique_ptr<Compiler> compiler_;
  Recorder recorder_;
  KernelCache kernels_;
  Batches batches_;
  Memory memory_;
  Pool pool_;
  Staging staging_;
  Stream stream_;
  Replays replays_;
  std::vector<std::pair<std::string, int64_t>> fallbacks_;
};

// The backend of the GPU of that index. Throws Error when it is not there, saying why.
std::shared_ptr<Backend> make_backend(int index);

}  // namespace tessera::cuda
