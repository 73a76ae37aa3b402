#include "core/cuda/cudnn_graph.h"

#include <doctest/doctest.h>

#include "tests/core/cuda/fake_cudnn.h"
#include "tests/core/cuda/host_gpu.h"
#include "tests/error_of.h"

using namespace tessera;
using namespace tessera::testing;

TEST_SUITE("core/cuda/cudnn_graph") {
#ifdef TESSERA_CUDNN
  TEST_CASE("what the library refuses is an error that names the call") {
    const int before = fake_cudnn().objects;
    {
      const cuda::Cudnn cudnn(fake_cudnn_api());
      cuda::CudnnObject made = cudnn.array({1, {2, 3}, {3, 1}});
      CHECK(error_of([&] { made.set(CUDNN_ATTR_TENSOR_DIMENSIONS, {1}); }) ==
            "cuda: cudnnBackendSetAttribute must succeed, got an error");
      CHECK(error_of([&] { made.done(); }) ==
            "cuda: cudnnBackendFinalize must succeed, got an error");
      CHECK(!made.finalized());
    }
    CHECK(fake_cudnn().objects == before);
  }

  TEST_CASE("a plan is made once for a key, also where there is none") {
    const WithHostGpu gpu;
    cuda::Cudnn cudnn(fake_cudnn_api());
    int made = 0;
    const auto find = [&](const char* key) {
      return cudnn.find(gpu->stream(), key, [&]() -> cuda::Cudnn::Plan {
        if (++made == 1) return nullptr;
        return std::make_unique<cuda::CudnnPlan>(
            cuda::CudnnPlan{cudnn.object(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR), 5});
      });
    };
    for (int i = 0; i < 2; ++i) {
      CHECK(find("none") == nullptr);
      CHECK(find("one")->workspace == 5);
    }
    CHECK(made == 2);
  }
#else
  TEST_CASE("without cuDNN's headers there is none") {
    CHECK(!cuda::open_cudnn());
  }
#endif
}
