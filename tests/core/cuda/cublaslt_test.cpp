#include "core/cuda/cublaslt.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "core/precision.h"
#include "core/transfer.h"
#include "ops/creation.h"
#include "ops/matmul.h"
#include "ops/random.h"
#include "tests/core/cuda/fake_cublaslt.h"
#include "tests/core/cuda/host_gpu.h"
#include "tests/error_of.h"

using namespace tessera;
using namespace tessera::testing;

using Calls = std::vector<std::string>;

// Values are compared by tests/core/cuda/registry_test.cpp.
TEST_SUITE("core/cuda/cublaslt") {
  TEST_CASE("a form is planned once, for each precision; equal steps are one call") {
    if (!open_fake_cublaslt()) return;
    Calls& calls = fake_cublaslt().calls;
    calls.clear();
    const int before = fake_cublaslt().objects;
    {
      const WithHostGpu gpu;
      const OnDevice on(host_gpu());
      const Tensor a = rand({4, 8, 5}).eval(), b = rand({5, 3}).eval();
      for (int i = 0; i < 2; ++i) matmul(a, b).eval();  // the batch joins the rows
      CHECK(calls == Calls{"find 3x32x5 TF32", "run batch 1", "run batch 1"});
      calls.clear();
      {
        const StrictF32 strict;
        matmul(a, b).eval();
      }
      matmul(a, rand({1, 5, 3})).eval();
      CHECK(calls == Calls{"find 3x32x5 F32", "run batch 1", "find 3x8x5 TF32", "run batch 4"});
      calls.clear();
      matmul(ones({2, 1, 16, 16}, f64), ones({1, 3, 16, 16}, f64)).eval();
      CHECK(calls == Calls{"find 16x16x16 F64", "run batch 3", "run batch 3"});
      CHECK(gpu->fallbacks().empty());
    }
    CHECK(fake_cublaslt().objects == before);
  }

  TEST_CASE("what the library cannot do, a kernel does") {
    if (!open_fake_cublaslt()) return;
    const WithHostGpu gpu;
    const OnDevice on(host_gpu());
    fake_cublaslt().knows_one = false;
    CHECK(matmul(ones({2, 3}), ones({3, 2})).to_vector<float>() == std::vector<float>(4, 3));
    fake_cublaslt().knows_one = true;
    CHECK(matmul(ones({2, 3}, i32), ones({3, 2}, i32)).to_vector<int>() == std::vector<int>(4, 3));
    CHECK(matmul(ones({2, 0}), ones({0, 2})).to_vector<float>() == std::vector<float>(4, 0));
    CHECK(gpu->fallbacks().empty());
  }
}
