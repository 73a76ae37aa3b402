#include "core/cuda/stream.h"

#include <doctest/doctest.h>

#include "tests/core/cuda/host_gpu.h"
#include "tests/error_of.h"

using namespace tessera;
using namespace tessera::testing;

TEST_SUITE("core/cuda/stream") {
  TEST_CASE("intermediate results take memory from the pool and give it back") {
    const WithHostGpu gpu;
    struct Source final : MemorySource {
      std::byte* obtain(int64_t bytes) override { return bytes > 1000 ? nullptr : memory; }
      void release(std::byte*) override {}
      std::byte memory[1024];
    } source;
    Pool pool(source);
    const HostCompiler compiler;
    cuda::KernelCache kernels(gpu->driver(), compiler, "");
    cuda::Stream stream(gpu->driver(), pool, kernels);
    {
      const cuda::Stream::Scratch scratch = stream.scratch(500);
      CHECK(scratch.data() == source.memory);
      CHECK(pool.live() >= 500);
    }
    CHECK(pool.live() == 0);
    CHECK(error_of([&] {
            stream.scratch(4000);
          }).starts_with("memory: the GPU could not give 4000 bytes for intermediate results"));
  }
}
