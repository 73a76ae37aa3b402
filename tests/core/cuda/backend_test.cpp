#include "core/cuda/backend.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "core/op.h"
#include "core/settings.h"
#include "core/transfer.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/reduce.h"
#include "ops/softmax.h"
#include "ops/unary.h"
#include "tests/core/cuda/host_gpu.h"
#include "tests/error_of.h"
#include "tests/ops/samples.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

struct Twice final : KernelOp {
  std::string_view name() const override { return "twice"; }
  void run(std::span<const Array> in, const Array& out) const override {
    for (int64_t i = 0; i < out.numel(); ++i) out.as<float>()[i] = 2 * in[0].as<float>()[i];
  }
};

}  // namespace

TEST_SUITE("core/cuda/backend") {
  TEST_CASE("a fused program is one launch, and nothing waits until a value is asked for") {
    const WithHostGpu host;
    const Tensor x = to(uniform({1000}), host_gpu());
    std::vector<std::string>& calls = host->driver().calls;
    calls.clear();
    const Tensor y = exp(x * 2) + 1;
    y.eval();
    CHECK(count(calls, "launch") == 1);
    CHECK(count(calls, "wait") + count(calls, "synchronize") + count(calls, "copy_out") == 0);
    y.to_vector<double>();
    CHECK(count(calls, "copy_out") == 1);
  }

  TEST_CASE("a step that is repeated takes no new memory") {
    const WithHostGpu host;
    const Tensor w = variable(to(uniform({64, 64}), host_gpu()));
    const auto step = [&] {
      w.update(w - 0.1 * square(w));
      eval_and_release({sum(w)});
    };
    for (int i = 0; i < 3; ++i) step();
    host->driver().calls.clear();
    for (int i = 0; i < 3; ++i) step();
    CHECK(count(host->driver().calls, "allocate") == 0);
    CHECK(count(host->driver().calls, "free") == 0);
  }

  TEST_CASE("long reductions are cut into parts, which takes a second launch") {
    const WithHostGpu host;
    const OnDevice on(host_gpu());
    const Tensor x = ones({100000});
    x.eval();
    host->driver().calls.clear();
    CHECK(sum(x).item() == 100000);
    CHECK(count(host->driver().calls, "launch") == 2);
    CHECK(count(host->driver().calls, "launch 1x1") == 1);
    CHECK(sum(ones({0})).item() == 0);
  }

  TEST_CASE("an op without a kernel for GPUs is computed by the processor, and counted") {
    const WithHostGpu host;
    static const Twice op;
    const Tensor x = to(tensor({3, 1, 2}, {3}), host_gpu());
    const Tensor y = make_node(static_op(op), {x}, x.shape(), x.dtype());
    CHECK(y.device() == host_gpu());
    CHECK(y.to_vector<double>() == std::vector<double>{6, 2, 4});
    REQUIRE(!host->fallbacks().empty());
    CHECK(host->fallbacks()[0].second > 0);
  }

  TEST_CASE("an op with a kernel for GPUs stays there") {
    const WithHostGpu host;
    const Tensor x = to(uniform({5, 7}), host_gpu()).eval();
    host->driver().calls.clear();
    softmax(x, 1).eval();
    CHECK(count(host->driver().calls, "launch") == 1);
    CHECK(count(host->driver().calls, "copy_out") == 0);
    CHECK(host->fallbacks().empty());
  }

  TEST_CASE("no memory left is an error that names the device, and changes nothing") {
    const WithHostGpu host;
    const Tensor x = to(ones({1000}), host_gpu());
    host->driver().memory = 1000;
    const int64_t live = host->memory().live;
    const std::string error = error_of([&] { exp(x).eval(); });
    CHECK(error.starts_with("memory: " + host_gpu().str() + " could not give 4000 bytes, "));
    CHECK(host->memory().live == live);
    host->driver().memory = 1000000;
    CHECK(exp(x * 0).to_vector<double>() == std::vector<double>(1000, 1.0));
  }
}
