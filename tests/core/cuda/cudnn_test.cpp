#include "core/cuda/cudnn.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "core/precision.h"
#include "core/settings.h"
#include "ops/conv.h"
#include "ops/creation.h"
#include "ops/random.h"
#include "tests/core/cuda/fake_cudnn.h"
#include "tests/core/cuda/host_gpu.h"

using namespace tessera;
using namespace tessera::testing;

using Calls = std::vector<std::string>;

// Values are compared by tests/core/cuda/registry_test.cpp.
TEST_SUITE("core/cuda/cudnn") {
  TEST_CASE("a form is planned once, by the first algorithm that may be used") {
    if (!open_fake_cudnn()) return;
    Calls& calls = fake_cudnn().calls;
    const int before = fake_cudnn().objects;
    {
      const WithHostGpu gpu;
      const OnDevice on(host_gpu());
      const Tensor x = rand({2, 3, 6, 5}).eval(), w = rand({4, 3, 3, 3}).eval();
      calls.clear();
      for (int i = 0; i < 2; ++i) conv2d(x, w).eval();
      CHECK(calls == Calls{"graph 1", "engine 1", "run", "run"});
      calls.clear();
      {
        const StrictF32 strict;
        conv2d(x, w).eval();
      }
      conv2d(x, w, ones({4})).eval();
      CHECK(calls == Calls{"graph 1", "engine 2", "run", "graph 2", "engine 1", "run"});
      CHECK(gpu->fallbacks().empty());
    }
    CHECK(fake_cudnn().objects == before);
  }

  TEST_CASE("without an algorithm that adds the bias a kernel does; without any kernels do all") {
    if (!open_fake_cudnn()) return;
    const WithHostGpu gpu;
    const OnDevice on(host_gpu());
    const Tensor x = ones({1, 2, 3}), w = ones({1, 2, 3}), bias = ones({1});
    fake_cudnn().fuses = false;
    CHECK(conv1d(x, w, bias).item() == 7);
    CHECK(gpu->fallbacks().empty());
    fake_cudnn().knows_one = false;
    CHECK(conv1d(x, w, bias, {.padding = 1}).to_vector<float>() == std::vector<float>{5, 7, 5});
    CHECK(gpu->fallbacks().empty());
    fake_cudnn().fuses = fake_cudnn().knows_one = true;
  }
}
