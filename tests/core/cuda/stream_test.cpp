#include "core/cuda/stream.h"

#include <doctest/doctest.h>

#include "ops/softmax.cu.inc"
#include "tests/core/cuda/host_gpu.h"
#include "tests/error_of.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

struct FixedMemory final : MemorySource {
  std::byte* obtain(int64_t bytes) override { return bytes > 1000 ? nullptr : memory; }
  void release(std::byte*) override {}
  std::byte memory[1024];
};

// A stream of its own on a simulated GPU.
struct Frame {
  const WithHostGpu gpu;
  FixedMemory source;
  Pool pool{source};
  const HostCompiler compiler{};
  cuda::KernelCache kernels{gpu->driver(), compiler, ""};
  cuda::Stream stream{gpu->driver(), pool, kernels};
};

}  // namespace

TEST_SUITE("core/cuda/stream") {
  TEST_CASE("intermediate results take memory from the pool and give it back") {
    Frame frame;
    cuda::Stream& stream = frame.stream;
    {
      const cuda::Stream::Scratch scratch = stream.scratch(500);
      CHECK(scratch.data() == frame.source.memory);
      CHECK(frame.pool.live() >= 500);
    }
    CHECK(frame.pool.live() == 0);
    CHECK(error_of([&] {
            stream.scratch(4000);
          }).starts_with("memory: the GPU could not give 4000 bytes for intermediate results"));
  }

  TEST_CASE("a rehearsal has kernels compiled and does nothing else") {
    const WithHostGpu gpu;
    const cuda::softmax::Lines lines{};
    const char *file = "ops/softmax.cu.inc", *kernel = "cuda::softmax::forward<float, 1>";
    gpu->driver().calls.clear();
    gpu->rehearse([&] {
      gpu->stream().launch(file, kernel, {1, 1}, lines);
      if (gpu->stream().products()) CHECK(gpu->stream().products()->run(gpu->stream(), {}));
      if (gpu->stream().convolutions()) CHECK(gpu->stream().convolutions()->run(gpu->stream(), {}));
      gpu->stream().scratch(int64_t{1} << 50);  // an error of the run, not of its rehearsal
    });
    CHECK(!gpu->stream().rehearsing());
    CHECK(gpu->texts().size() == 1);
    CHECK(gpu->driver().calls.empty());
  }

  TEST_CASE("a kernel of a file is compiled once and launched with its parameters") {
    Frame frame;
    cuda::Stream& stream = frame.stream;
    const float x[] = {0, 0, 1, 2, 2, 2};
    float y[6] = {};
    const cuda::softmax::Lines lines{x, nullptr, y, 2, 1, 3, false, nullptr};
    const char *file = "ops/softmax.cu.inc", *kernel = "cuda::softmax::forward<float, 1>";
    for (int i = 0; i < 2; ++i) stream.launch(file, kernel, {1, 1}, lines);
    CHECK(frame.compiler.texts.size() == 1);
    CHECK(y[0] == 0.5F);
    CHECK(y[3] == doctest::Approx(0.7310585786));
    frame.gpu->driver().calls.clear();
    stream.launch(file, kernel, {0, 1}, lines);
    CHECK(frame.gpu->driver().calls.empty());
    CHECK(error_of([&] {
            stream.launch(file, kernel, {1, 70000}, lines);
          }).starts_with("cuda: cuda::softmax::forward<float, 1> must have less than"));
  }
}
