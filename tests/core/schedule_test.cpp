#include "core/schedule.h"

#include <doctest/doctest.h>

#include "core/evaluator.h"
#include "core/settings.h"
#include "ops/activation.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/index.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/unary.h"
#include "optim/sgd.h"
#include "tests/error_of.h"

using namespace tessera;
using testing::error_of;

namespace {

Group step(Group::Kind kind, std::vector<int> inputs, int output, bool joined = false) {
  Group group;
  group.kind = kind;
  group.inputs = std::move(inputs);
  group.outputs = {output};
  group.joined = joined;
  return group;
}
constexpr auto kKernel = Group::Kind::kernel, kProgram = Group::Kind::program;

// The outputs in order, where values from `lasting` on outlive the run.
std::vector<int> order(std::vector<Group> steps, int earliest, int lasting) {
  hasten(
      steps, earliest, [&](int v) { return v >= lasting; }, [](int v) { return v; });
  std::vector<int> outputs;
  for (const Group& group : steps) outputs.push_back(group.outputs[0]);
  return outputs;
}

struct Layers {
  Layers() {
    const NoGrad no_grad;
    for (int i = 0; i < 8; ++i) w.push_back(variable(full({kSide, kSide}, 1.0 / kSide)));
    eval(w);
  }
  Tensor loss(Tensor x) const {
    for (const Tensor& each : w) x = relu(matmul(x, each));
    return mean(square(x));
  }
  static constexpr int64_t kSide = 128, kBytes = kSide * kSide * 4;
  Tensors w;
};

}  // namespace

TEST_SUITE("core/schedule") {
  TEST_CASE("an update follows what makes and what else reads its inputs") {
    // Gradients 1 and 2 are made from 0; 10 and 11 are the new values of parameters 5 and 6.
    std::vector<Group> steps{step(kKernel, {0}, 1), step(kKernel, {0, 5, 1}, 2),
                             step(kKernel, {2}, 3), step(kProgram, {1, 5}, 10),
                             step(kProgram, {2, 6}, 11)};
    CHECK(order(steps, -1, 10) == std::vector{1, 2, 10, 3, 11});
    CHECK(order(steps, 2, 10) == std::vector{1, 2, 3, 10, 11});
    CHECK(order(steps, -1, 11) == std::vector{1, 2, 3, 11, 10});
    CHECK(order(steps, -1, 12) == std::vector{1, 2, 3, 10, 11});
  }

  TEST_CASE("updates wait for each other, and what is joined stays so") {
    const std::vector<Group> steps{step(kKernel, {0}, 1),       step(kProgram, {1}, 2, true),
                                   step(kKernel, {2}, 3),       step(kProgram, {1}, 10),
                                   step(kProgram, {10, 2}, 11), step(kProgram, {7}, 12)};
    CHECK(order(steps, -1, 10) == std::vector{12, 1, 2, 10, 3, 11});
  }

  TEST_CASE("a step of training holds one gradient at a time") {
    const Layers layers;
    optim::Sgd sgd(layers.w, {.lr = 0.1});
    const Tensor x = full({4, Layers::kSide}, 0.5).eval();
    const int threads = num_threads();
    set_num_threads(1);  // each takes memory to work in
    int64_t peak = 0, before = 0;
    for (int i = 0; i < 3; ++i) {
      before = memory_stats().live;
      reset_peak_memory();
      sgd.step(layers.loss(x));
      peak = memory_stats().peak;
    }
    set_num_threads(threads);
    CHECK(peak - before < 3 * Layers::kBytes);
    CHECK(memory_stats().live == before);
  }

  TEST_CASE("a gradient whose kernel fails leaves all parameters as they were") {
    const Layers layers;
    const std::vector<float> old = layers.w[7].to_vector<float>();
    optim::Sgd sgd(layers.w, {.lr = 0.1});
    // The last layers' gradients are there before the rows are looked up that are not.
    const Tensor rows = tensor<int64_t>(std::vector<int64_t>{0, 500}, {2});
    const Tensor x = full({2, Layers::kSide}, 0.5).eval();
    const Tensor loss = layers.loss(x);
    const Tensor strange = mean(index_select(layers.w[0], 0, rows));
    CHECK(error_of([&] { sgd.step(loss + strange); }).find("500") != std::string::npos);
    CHECK(layers.w[7].to_vector<float>() == old);
  }
}
