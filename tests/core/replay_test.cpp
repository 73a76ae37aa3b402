#include "core/replay.h"

#include <algorithm>
#include <optional>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/backend.h"
#include "core/evaluator.h"
#include "core/profile.h"
#include "core/random.h"
#include "core/transfer.h"
#include "nn/blocks.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/dropout.h"
#include "ops/index.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/unary.h"
#include "optim/adam.h"
#include "optim/sgd.h"
#include "tests/core/cuda/host_gpu.h"
#include "tests/error_of.h"
#include "tests/ops/samples.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

// A small network with random numbers, trained with a rate that changes; new data in every step.
struct Loop {
  explicit Loop(Device device) : device(device) { manual_seed(3); }

  double step() {
    const Tensor x = to(uniform({4, 6}, -1, 1, static_cast<uint64_t>(steps)), device);
    const Tensor h = dropout(exp(matmul(x, w1)), 0.5);
    const Tensor loss = mean(square(matmul(h, w2) - 1));
    opt.set_lr(0.01 / (1 + static_cast<double>(steps++)));
    opt.step(loss);
    return loss.item();
  }

  Device device;
  int64_t steps = 0;
  Tensor w1 = variable(to(uniform({6, 8}, -1, 1, 7), device)),
         w2 = variable(to(uniform({8, 2}, -1, 1, 8), device));
  optim::Adam opt{{w1, w2}, {}};
};

// Losses of some steps, and the weights behind them.
std::vector<double> trained(Device device, int steps) {
  Loop loop(device);
  std::vector<double> values;
  for (int i = 0; i < steps; ++i) values.push_back(loop.step());
  for (const Tensor& w : {loop.w1, loop.w2}) {
    const auto own = w.to_vector<double>();
    values.insert(values.end(), own.begin(), own.end());
  }
  return values;
}

}  // namespace

TEST_SUITE("core/replay") {
  TEST_CASE("training gives the same bits with recordings, whatever changes from step to step") {
    const WithHostGpu gpu;
    const std::vector<double> with = trained(host_gpu(), 12);
    const ReplayStats stats = replay_stats(host_gpu());
    CHECK(stats.recorded >= 1);
    CHECK(stats.recorded <= 4);
    CHECK(stats.replayed >= 6);
    CHECK(stats.refused == 0);
    std::optional<NoReplay> plain(std::in_place);
    CHECK(!replays_work());
    CHECK(trained(host_gpu(), 12) == with);
    CHECK(replay_stats(host_gpu()).replayed == stats.replayed);
    plain.reset();
    CHECK(replays_work());
    CHECK(trained(host_gpu(), 12) == with);
  }

  TEST_CASE("layers with libraries and running statistics are recorded, too") {
    const auto weights = [](int steps) {
      manual_seed(1);
      const OnDevice on(host_gpu());
      nn::DoubleConv model(1, 4);
      optim::Sgd opt(model.parameters(), {.lr = 0.1, .momentum = 0.9});
      for (int i = 0; i < steps; ++i) {
        const Tensor x =
            to(cast(uniform({2, 1, 6, 6}, -1, 1, static_cast<uint64_t>(i)), f32), host_gpu());
        opt.step(mean(square(model(x) - 1)));
      }
      std::vector<double> all;
      for (const auto& [name, value] : model.state_dict()) {
        const auto own = value.to_vector<double>();
        all.insert(all.end(), own.begin(), own.end());
      }
      return all;
    };
    {
      const WithHostGpu collecting(
          HostGpuMode::collecting);  // to have all kernels compiled together
      weights(2);
      HostKernels::instance().compile(collecting->texts());
    }
    const WithHostGpu gpu;
    const std::vector<double> with = weights(9);
    const ReplayStats stats = replay_stats(host_gpu());
    CHECK(stats.refused == 0);
    CHECK(stats.recorded <= 3);
    CHECK(stats.replayed >= 4);
    const NoReplay plain;
    CHECK(weights(9) == with);
  }

  TEST_CASE("a step that is replayed is one launch, and waits for nothing but what is read") {
    const WithHostGpu gpu;
    Loop loop(host_gpu());
    for (int i = 0; i < 8; ++i) loop.step();
    std::vector<std::string>& calls = gpu->driver().calls;
    calls.clear();
    const int64_t steps = evaluator_stats().steps;
    for (int i = 0; i < 4; ++i) loop.step();
    CHECK(count(calls, "replay") == 4);
    CHECK(count(calls, "launch") == 0);
    CHECK(count(calls, "allocate") == 0);
    CHECK(evaluator_stats().steps - steps >= 16);
  }

  TEST_CASE("memory that goes back to the system takes the recordings along") {
    const WithHostGpu gpu;
    const std::vector<double> expected = trained(host_gpu(), 10);
    Loop loop(host_gpu());
    std::vector<double> losses;
    for (int i = 0; i < 10; ++i) {
      if (i == 6) {
        CHECK(gpu->driver().recordings() > 0);
        gpu->trim();
        CHECK(gpu->driver().recordings() == 0);
      }
      losses.push_back(loop.step());
    }
    CHECK(std::ranges::equal(losses, std::span(expected).first(10)));
  }

  TEST_CASE("no memory left is an error that changes nothing, with recordings too") {
    const WithHostGpu gpu;
    Loop loop(host_gpu());
    for (int i = 0; i < 8; ++i) loop.step();
    const std::vector<double> before = loop.w1.to_vector<double>();
    gpu->trim();
    gpu->driver().memory = 0;
    CHECK(error_of([&] { loop.step(); }).starts_with("memory: "));
    CHECK(loop.w1.to_vector<double>() == before);
    gpu->driver().memory = int64_t{1} << 30;
    for (int i = 0; i < 4; ++i) loop.step();
    CHECK(loop.w1.to_vector<double>() != before);
  }

  TEST_CASE("what the processor computes for the GPU is never recorded") {
    struct Twice final : KernelOp {
      std::string_view name() const override { return "twice"; }
      void run(std::span<const Array> in, const Array& out) const override {
        for (int64_t i = 0; i < out.numel(); ++i) out.as<float>()[i] = 2 * in[0].as<float>()[i];
      }
    };
    static const Twice op;
    const WithHostGpu gpu;
    const NoGrad no_grad;
    Tensor x = to(ones({8}), host_gpu());
    for (int i = 0; i < 6; ++i) {
      for (int k = 0; k < 5; ++k) x = make_node(static_op(op), {x * 0.5}, x.shape(), x.dtype());
      x.eval();
    }
    CHECK(x.to_vector<double>() == std::vector<double>(8, 1));
    CHECK(replay_stats(host_gpu()).recorded == 0);
    CHECK(replay_stats(host_gpu()).refused >= 1);
  }

  TEST_CASE("observers see every step") {
    const WithHostGpu gpu;
    Loop loop(host_gpu());
    for (int i = 0; i < 6; ++i) loop.step();
    const int64_t before = replay_stats(host_gpu()).replayed;
    const Profile profile;
    loop.step();
    CHECK(profile.rows().size() >= 4);
    CHECK(replay_stats(host_gpu()).replayed == before);
  }

  TEST_CASE("what a kernel reports names the line, though the work was recorded") {
    const WithHostGpu gpu;
    const OnDevice on(host_gpu());
    const auto chain = [](Tensor x, const Tensor& index) {
      for (int i = 0; i < 5; ++i) x = index_select(x, 0, index) + 1;
      return x.eval();
    };
    const Tensor x = ones({2}).eval(), index = cast(tensor({1, 0}, {2}), i64).eval();
    for (int i = 0; i < 4; ++i) chain(x, index);
    CHECK(chain(x, index).to_vector<double>() == std::vector<double>{6, 6});
    const int64_t values[] = {1, 9};
    backend(host_gpu()).write(index.value_node()->value->data, values, sizeof values);
    const int64_t replayed = replay_stats(host_gpu()).replayed;
    const Tensor y = chain(x, index);
    CHECK(replay_stats(host_gpu()).replayed == replayed + 1);
    const std::string error = error_of([&] { y.to_vector<double>(); });
    CHECK(error.starts_with("index_select: indices along axis 0 must lie in [-2, 2)"));
    CHECK(error.find("replay_test.cpp") != std::string::npos);
  }
}
