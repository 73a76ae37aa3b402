#include "core/cpu/backend.h"

#include <cstdlib>
#include <cstring>

#include "core/cpu/interpreter.h"
#include "core/node.h"
#include "core/pool.h"

namespace tessera::cpu {

namespace {

struct SystemMemory final : MemorySource {
  std::byte* obtain(int64_t bytes) override {
    return static_cast<std::byte*>(std::aligned_alloc(64, static_cast<size_t>(bytes)));
  }
  void release(std::byte* block) override { std::free(block); }
};

class CpuBackend final : public Backend {
 public:
  std::byte* take(int64_t bytes, int64_t& capacity) override { return pool_.take(bytes, capacity); }
  void give(std::byte* block, int64_t capacity) override { pool_.give(block, capacity); }
  void trim() override { pool_.trim(); }
  MemoryStats memory() const override {
    return {pool_.live(), pool_.peak(), pool_.cached(), live_nodes()};
  }
  void reset_peak() override { pool_.reset_peak(); }

  std::shared_ptr<const Prepared> prepare(const Program&) override { return nullptr; }
  void run(const Group& step, std::span<std::byte* const> slots) override {
    cpu::run(step.program, slots);
  }
  void run(const KernelOp& op, std::span<const Array> inputs, const Array& output) override {
    op.run(inputs, output);
  }
  void run_joined(const KernelOp& op, std::span<const Array> inputs, const Array& output,
                  const Group& step, std::span<std::byte* const> slots) override {
    PartRunner runner(step.program, slots);
    if (!runner.quick()) return Backend::run_joined(op, inputs, output, step, slots);
    const auto follow = [&](int64_t begin, int64_t n) { runner.run(begin, n); };
    const Finished done(follow);
    op.run_in_parts(inputs, output, runner.is_relu() ? Finished::with_relu(done) : done);
  }
  void write(std::byte* to, const void* from, int64_t bytes) override {
    std::memcpy(to, from, static_cast<size_t>(bytes));
  }
  void read(void* to, const std::byte* from, int64_t bytes) override {
    std::memcpy(to, from, static_cast<size_t>(bytes));
  }

 private:
  SystemMemory memory_;
  Pool pool_{memory_};
};

}  // namespace

Backend& backend() {
  // Never destroyed: tensors with static lifetime may outlive any other static object.
  static auto* only = new CpuBackend;
  return *only;
}

}  // namespace tessera::cpu
