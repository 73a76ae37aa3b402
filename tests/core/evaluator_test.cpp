#include "core/evaluator.h"

#include <cmath>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/settings.h"
#include "ops/binary.h"
#include "ops/index.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/unary.h"
#include "tests/environment.h"

using namespace tessera;

namespace {

Tensor data(const Shape& shape, float value = 0.5F) {
  return tensor<float>(std::vector<float>(static_cast<size_t>(shape.numel()), value), shape);
}

// TESSERA_STEPS=1000000 shows that loops can run that long.
int64_t steps(int64_t usual) {
  return static_cast<int64_t>(from_environment("TESSERA_STEPS", static_cast<uint64_t>(usual)));
}

int64_t steps_of(const std::function<void()>& work) {
  const int64_t before = evaluator_stats().steps;
  work();
  return evaluator_stats().steps - before;
}

}  // namespace

TEST_SUITE("core/evaluator") {
  TEST_CASE("nothing is computed until a value is asked for") {
    const int64_t before = evaluator_stats().steps;
    const Tensor y = exp(data({4})) + 1;
    CHECK(evaluator_stats().steps == before);
    CHECK(y.to_vector<double>()[0] == doctest::Approx(std::exp(0.5) + 1));
    CHECK(evaluator_stats().steps == before + 1);
    y.eval();
    CHECK(evaluator_stats().steps == before + 1);
  }

  TEST_CASE("a step that repeats reuses its plan, whatever the numbers in it") {
    const Tensor w = variable(data({8, 8}));
    const auto step = [&](double lr) {
      const Tensor loss = sum(matmul(w, w));
      w.update(w - lr * grad(loss, w));
      eval_and_release({w, loss});
    };
    step(0.1);
    step(0.1);  // the first one ran on a value made from data, the rest on updated ones
    const int64_t plans = evaluator_stats().plans_made;
    for (int i = 0; i < 10; ++i) step(0.01 * i);
    CHECK(evaluator_stats().plans_made == plans);
  }

  TEST_CASE("asking for the loss before the update changes no bits and repeats no kernel") {
    const auto train = [](bool early) {
      const Tensor w = variable(data({6, 6}));
      const Tensor x = data({6, 6}, 0.25F);
      const Tensor hidden = exp(matmul(x, w));
      const Tensor loss = sum(matmul(hidden, x));
      int64_t steps = early ? steps_of([&] { loss.eval(); }) : 0;
      w.update(w - 0.1 * grad(loss, w));
      steps += steps_of([&] { eval_and_release({w, loss}); });
      return std::pair(w.to_vector<double>(), steps);
    };
    const auto [late, late_steps] = train(false);
    const auto [early, early_steps] = train(true);
    CHECK(early == late);
    CHECK(early_steps <= late_steps + 1);
  }

  TEST_CASE("a loop that evaluates each step holds constant nodes and memory") {
    Tensor x = data({100});
    const auto step = [&] {
      x = x * 0.5 + 1.0;
      x.eval();
    };
    for (int i = 0; i < 10; ++i) step();
    const MemoryStats before = memory_stats();
    for (int64_t i = 0; i < steps(20000); ++i) step();
    CHECK(memory_stats().nodes == before.nodes);
    CHECK(memory_stats().live == before.live);
  }

  TEST_CASE("a loop that never evaluates does so by itself") {
    Tensor x = data({1});
    const int64_t before = memory_stats().nodes;
    for (int64_t i = 0; i < steps(200000); ++i) x = x * 0.5 + 1.0;
    CHECK(memory_stats().nodes < before + 60000);
    CHECK(x.item() == doctest::Approx(2));
  }

  TEST_CASE("training holds constant nodes and memory") {
    const Tensor w = variable(data({8, 8}));
    const auto step = [&] {
      const Tensor loss = sum(exp(matmul(w, data({8, 8}))));
      w.update(w - 1e-3 * grad(loss, w));
      eval_and_release({w, loss});
    };
    for (int i = 0; i < 5; ++i) step();
    const MemoryStats before = memory_stats();
    for (int64_t i = 0; i < steps(500); ++i) step();
    CHECK(memory_stats().nodes == before.nodes);
    CHECK(memory_stats().live == before.live);
  }

  TEST_CASE("a step computes what layers noted on the side, so that it does not keep the graph") {
    const Tensor w = variable(data({8, 8})), mean = variable(data({8}, 0));
    const auto step = [&] {
      const Tensor y = exp(matmul(w, data({8, 8})));
      mean.update(0.9 * mean + 0.1 * detach(tessera::mean(y, {0})));
      w.update(w - 1e-3 * grad(sum(y), w));
      eval_and_release({w});
    };
    for (int i = 0; i < 5; ++i) step();
    CHECK(pending_updates().empty());
    const MemoryStats before = memory_stats();
    for (int i = 0; i < 100; ++i) step();
    CHECK(memory_stats().nodes == before.nodes);
    CHECK(memory_stats().live == before.live);
    mean.update(mean + 1);
    CHECK(pending_updates().size() == 1);
  }

  TEST_CASE("what a gradient may still need is kept, and forgotten with the last handle") {
    const int64_t before = memory_stats().nodes;
    {
      const Tensor x = data({4});
      Tensor y = sum(exp(x));
      y.eval();
      CHECK(grad(y, x).to_vector<double>()[0] == doctest::Approx(std::exp(0.5)));
    }
    CHECK(memory_stats().nodes == before);
  }

  TEST_CASE("an error in a kernel names the user's line and leaves everything as it was") {
    const Tensor w = variable(data({3}));
    const Tensor bad = index_select(w * 2, 0, tensor({7}, {1}, i64));
    w.update(w + sum(bad));
    CHECK_THROWS_WITH_AS(eval_and_release({w}), doctest::Contains("evaluator_test.cpp"), Error);
    CHECK_THROWS_AS(w.eval(), Error);
    w.update(data({3}, 2));
    CHECK(w.to_vector<double>()[0] == 2);
  }

  TEST_CASE("eager evaluation computes every operation at once") {
    const Eager eager;
    CHECK(steps_of([] { (data({4}) * 2 + 1).eval(); }) == 2);
  }

  TEST_CASE("zero-size tensors are evaluated") {
    const Tensor x = tensor({}, {0, 3});
    CHECK((exp(x) + 1).to_vector<double>().empty());
    CHECK(sum(x, {0}).to_vector<double>() == std::vector<double>{0, 0, 0});
    CHECK(sum(x).item() == 0);
  }

  TEST_CASE("observers see each step with its times") {
    int seen = 0;
    set_step_observer([&](const StepRecord& record) {
      ++seen;
      CHECK(record.end_seconds >= record.begin_seconds);
      CHECK(!record.step->outputs.empty());
    });
    matmul(exp(data({2, 2})), data({2, 2})).eval();
    set_step_observer({});
    CHECK(seen == 2);
  }
}
