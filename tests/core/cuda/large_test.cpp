#include <string>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/transfer.h"
#include "ops/adaptive_pool.h"
#include "ops/binary.h"
#include "ops/norm.h"
#include "ops/scan.h"
#include "ops/softmax.h"
#include "ops/sort.h"
#include "tests/core/cuda/host_gpu.h"
#include "tests/ops/close.h"
#include "tests/ops/samples.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

// The value of f at x and the gradient of the sum of its cubes by three, where there is one.
Tensors run(const TensorFunction& f, const Tensor& values, Device device) {
  const OnDevice on(device);
  const Tensor x = variable(to(values, device)), y = f({x});
  Tensors results{to(y, Device::cpu())};
  if (is_floating(y.dtype()))
    results.push_back(to(grad(y, Tensors{x}, {.seed = y * y})[0], Device::cpu()));
  return results;
}

}  // namespace

TEST_SUITE("core/cuda/large") {
  // The samples of the registry are small: there one block, or one thread, does everything.
  TEST_CASE("what is shared among blocks and threads gives what the processor gives") {
    struct Case {
      std::string what;
      Tensor x;
      TensorFunction f;
    };
    const Case cases[] = {
        {"instance norm over several pieces", uniform({2, 3, 5000}),
         [](const Tensors& x) { return instance_norm(x[0]); }},
        {"softmax of long rows", uniform({3, 1500}),
         [](const Tensors& x) { return softmax(x[0], 1); }},
        {"a scan in several steps", uniform({2, 700}),
         [](const Tensors& x) { return cumsum(x[0], 1); }},
        {"a window that many threads share", distinct({2, 1, 40, 50}),
         [](const Tensors& x) { return adaptive_max_pool2d(x[0], 1); }},
        {"bitonic sort", cast(integers({2, 5000}, 0, 900), f64),
         [](const Tensors& x) { return argsort(x[0], 1); }},
    };
    const WithHostGpu gpu;
    for (const Case& each : cases) {
      INFO(each.what);
      const Tensors results = run(each.f, each.x, host_gpu());
      const Tensors expected = run(each.f, each.x, Device::cpu());
      for (size_t i = 0; i < results.size(); ++i)
        CHECK(difference(results[i], expected[i], 1e-11) == "");
    }
    CHECK(gpu->fallbacks().empty());
  }
}
