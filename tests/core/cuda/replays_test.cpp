#include "core/cuda/replays.h"

#include <doctest/doctest.h>

#include "tests/core/cuda/host_gpu.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

std::shared_ptr<const Plan> plan_of(size_t steps) {
  Plan plan;
  plan.steps.resize(steps);
  return std::make_shared<const Plan>(std::move(plan));
}

// A GPU whose work is to count, with 100 bytes for an intermediate result.
struct Counting {
  WithHostGpu gpu;
  HostDriver& driver = gpu->driver();
  struct Memory final : MemorySource {
    explicit Memory(HostDriver& driver) : driver(driver) {}
    std::byte* obtain(int64_t bytes) override { return driver.allocate(bytes); }
    void release(std::byte* block) override { driver.free(block); }
    HostDriver& driver;
  } memory{driver};
  Pool pool{memory, Reuse::lowest};
  HostCompiler compiler;
  cuda::Recorder recorder{driver};
  cuda::KernelCache kernels{recorder, compiler, ""};
  cuda::Stream stream{recorder, pool, kernels};
  cuda::Replays replays{recorder, pool, stream};
  int asked = 0, done = 0;

  ~Counting() { pool.trim(); }
  void run(const std::shared_ptr<const Plan>& plan, std::string_view footprint) {
    replays.run(plan, footprint, [&] {
      ++asked;
      const cuda::Stream::Scratch scratch = stream.scratch(100);
      driver.in_stream([&] { ++done; });
    });
  }
};

}  // namespace

TEST_SUITE("core/cuda/replays") {
  TEST_CASE("the first run is launched, the second recorded, and the others are replayed") {
    Counting gpu;
    const auto plan = plan_of(4), small = plan_of(3);
    for (int i = 1; i <= 5; ++i) {
      gpu.run(plan, "a");
      CHECK(gpu.done == i);
      CHECK(gpu.asked == std::min(i, 2));
    }
    CHECK(gpu.replays.stats().recorded == 1);
    CHECK(gpu.replays.stats().replayed == 4);
    gpu.run(plan, "b");
    gpu.run(plan_of(4), "a");  // another one
    CHECK(gpu.asked == 4);
    for (int i = 0; i < 3; ++i) gpu.run(small, "a");
    CHECK(gpu.asked == 7);
    CHECK(gpu.done == 10);
  }

  TEST_CASE("as many are kept as may be, and none of plans that are gone") {
    Counting gpu;
    auto plan = plan_of(4);
    const size_t most = cuda::Replays::kMost;
    for (size_t i = 0; i < 2 * most; ++i) {
      for (int k = 0; k < 2; ++k) gpu.run(plan, std::to_string(i));
    }
    CHECK(gpu.driver.recordings() == most);
    CHECK(gpu.replays.stats().kept == static_cast<int64_t>(most));
    CHECK(gpu.replays.stats().recorded == static_cast<int64_t>(2 * most));
    const int before = gpu.asked;
    gpu.run(plan, std::to_string(2 * most - 1));
    CHECK(gpu.asked == before);
    gpu.run(plan, "0");
    CHECK(gpu.asked == before + 1);
    // More than are kept, in turn: none is recorded in vain.
    gpu.replays.clear();
    CHECK(gpu.driver.recordings() == 0);
    for (size_t i = 0; i < 3 * (most + 1); ++i) gpu.run(plan, std::to_string(i % (most + 1)));
    CHECK(gpu.driver.recordings() == 0);
    gpu.replays.clear();
    for (int k = 0; k < 2; ++k) gpu.run(plan, "a");
    plan = plan_of(4);
    gpu.run(plan, "a");
    CHECK(gpu.driver.recordings() == 0);
  }

  TEST_CASE("a recording is done without where something else lives in its memory") {
    Counting gpu;
    const auto plan = plan_of(4);
    for (int i = 0; i < 3; ++i) gpu.run(plan, "a");
    int64_t capacity = 0;
    std::byte* const taken = gpu.pool.take(100, capacity);
    gpu.run(plan, "a");
    CHECK(gpu.done == 4);
    CHECK(gpu.asked == 3);
    CHECK(gpu.replays.stats().kept == 0);
    gpu.run(plan, "a");  // with the memory that is there now
    gpu.run(plan, "a");
    CHECK(gpu.asked == 4);
    CHECK(gpu.replays.stats().recorded == 2);
    gpu.pool.give(taken, capacity);
    gpu.pool.trim();
    gpu.run(plan, "a");
    CHECK(gpu.asked == 5);
    CHECK(gpu.done == 7);
  }

  TEST_CASE("what cannot be recorded is launched, and tried once for a plan") {
    Counting gpu;
    const auto plan = plan_of(4), other = plan_of(4);
    std::byte* const block = gpu.recorder.allocate(8);
    std::byte* const pinned = gpu.recorder.allocate_pinned(8);
    int asked = 0;
    const auto run = [&](const char* footprint) {
      gpu.replays.run(plan, footprint, [&] {
        ++asked;
        gpu.recorder.copy_in(block, pinned, 8);
      });
    };
    for (int i = 0; i < 3; ++i) run("a");
    CHECK(asked == 4);  // once in vain
    for (int i = 0; i < 3; ++i) run("b");
    CHECK(asked == 7);
    CHECK(gpu.replays.stats().refused == 1);
    CHECK(gpu.replays.stats().recorded == 0);
    gpu.driver.records = false;
    for (int i = 1; i <= 3; ++i) {
      gpu.run(other, "a");
      CHECK(gpu.done == i);
    }
    CHECK(gpu.replays.stats().refused == 2);
    gpu.recorder.free(block);
    gpu.recorder.free_pinned(pinned);
  }
}
