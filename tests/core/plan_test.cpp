#include "core/plan.h"

#include <doctest/doctest.h>

#include "core/evaluator.h"
#include "core/settings.h"
#include "ops/binary.h"
#include "ops/matmul.h"
#include "ops/unary.h"

using namespace tessera;

namespace {

Tensor data(const Shape& shape) {
  return tensor<float>(std::vector<float>(static_cast<size_t>(shape.numel()), 0.01F), shape);
}

// A chain of matrix products whose intermediate values nobody holds.
Tensor products(const Tensor& x, int count) {
  Tensor y = x;
  for (int i = 0; i < count; ++i) y = matmul(y, x);
  return y;
}

// The fates of a graph in which only the target is held and nothing is asked for a gradient.
std::vector<Fate> all_die(const Graph& graph) {
  std::vector<Fate> fates(graph.vertices.size());
  for (size_t v = 0; v < fates.size(); ++v)
    fates[v] = {graph.vertices[v].pending && !graph.vertices[v].wanted, true};
  return fates;
}

}  // namespace

TEST_SUITE("core/plan") {
  TEST_CASE("values that die share an arena of two blocks, however long the chain") {
    const Tensor y = products(data({32, 32}), 10);
    const Graph graph = pending_graph(std::array{y});
    const Plan plan = make_plan(graph, all_die(graph), {});
    CHECK(plan.steps.size() == 10);
    CHECK(plan.arena_bytes == 2 * 32 * 32 * 4);
  }

  TEST_CASE("values alive at the same time do not overlap in the arena") {
    const Tensor x = data({16, 16});
    const Tensor a = matmul(x, x), b = matmul(a, x), c = matmul(a, b), d = matmul(c, b);
    const Tensor y = matmul(matmul(d, a), c);
    const Graph graph = pending_graph(std::array{y});
    const Plan plan = make_plan(graph, all_die(graph), {});
    // For each step: its output and inputs are different blocks.
    for (const Group& step : plan.steps) {
      const Place& out = plan.places[static_cast<size_t>(step.outputs[0])];
      for (const int input : step.inputs) {
        const Place& in = plan.places[static_cast<size_t>(input)];
        if (out.kind == Place::Kind::arena && in.kind == Place::Kind::arena)
          CHECK(out.offset != in.offset);
      }
    }
    CHECK(plan.arena_bytes <= 5 * 16 * 16 * 4);
  }

  TEST_CASE("an element-wise step takes over the block of an input that dies") {
    const Tensor y = matmul(exp(products(data({32, 32}), 1)), data({32, 32}));
    const Graph graph = pending_graph(std::array{y});
    CHECK(make_plan(graph, all_die(graph), {}).arena_bytes == 32 * 32 * 4);
  }

  TEST_CASE("an update takes over the memory of the old value") {
    const NoGrad no_grad;
    const Tensor p = variable(data({1 << 16}));
    p.eval();
    const int64_t before = memory_stats().live;
    reset_peak_memory();
    for (int i = 0; i < 5; ++i) {
      p.update(p * 0.5 + 1.0);
      eval_and_release({p});
    }
    CHECK(memory_stats().live == before);
    CHECK(memory_stats().peak <
          before + (1 << 16));  // bytes; a second copy would be four times that
    CHECK(p.to_vector<double>()[7] == doctest::Approx(0.01 / 32 + 2 - 1.0 / 16));
  }

  TEST_CASE("old values that somebody holds are not overwritten") {
    const Tensor p = variable(data({100}));
    const Tensor old = p * 1.0;
    old.eval();
    p.update(old + 1);
    eval_and_release({p});
    CHECK(old.to_vector<double>()[0] == doctest::Approx(0.01));
    CHECK(p.to_vector<double>()[0] == doctest::Approx(1.01));
  }
}
