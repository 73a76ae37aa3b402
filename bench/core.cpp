// What does it cost to build a node, to reuse a plan, and how exact are long sums?
//
//   core [--quick]
//
// Building is timed on one thread against the clock of the thread.

#include <fmt/core.h>

#include "bench/timing.h"
#include "core/evaluator.h"
#include "core/settings.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/reduce.h"
#include "ops/unary.h"

using namespace tessera;
using namespace tessera::bench;

namespace {

// Seconds per call of the best of several rounds.
double best_of(int calls, const std::function<void()>& work) {
  double best = 1e9;
  for (int round = 0; round < 9; ++round) {
    const double begin = seconds_now(true);
    for (int i = 0; i < calls; ++i) work();
    best = std::min(best, (seconds_now(true) - begin) / calls);
  }
  return best;
}

void nodes(int calls) {
  const Tensor a = ones({4, 8, 16, 16}), b = ones({8, 1, 1});
  fmt::print("building a node (made and dropped), nanoseconds\n");
  fmt::print("  exp(a)         {:7.0f}\n", 1e9 * best_of(calls, [&] { consume(exp(a).node()); }));
  fmt::print("  a + b          {:7.0f}\n", 1e9 * best_of(calls, [&] { consume((a + b).node()); }));
  fmt::print("  a + 1.0        {:7.0f}   two nodes: the number is one\n",
             1e9 * best_of(calls, [&] { consume((a + 1.0).node()); }));
  fmt::print("  sum(a, {{1}})    {:7.0f}   two nodes: the sum and its reshape\n",
             1e9 * best_of(calls, [&] { consume(sum(a, {1}).node()); }));
}

void plans(int calls) {
  const Tensor a = ones({1});
  const auto chain = [&] {
    Tensor x = a;
    for (int i = 0; i < 100; ++i) x = x * 0.5 + 1.0;
    return x;
  };
  const double build = best_of(calls, [&] { consume(chain().node()); });
  const double whole = best_of(calls, [&] { chain().eval(); });
  fmt::print("a graph of 200 operations on one element, microseconds\n");
  fmt::print("  built          {:7.1f}\n  built and run  {:7.1f}   with a plan that is reused\n",
             build * 1e6, whole * 1e6);
}

void sums(int64_t terms) {
  const Tensor x = full({terms}, 0.1F);
  const double exact = static_cast<double>(0.1F) * static_cast<double>(terms);
  const double error = std::abs(sum(x).item() - exact) / exact;
  fmt::print("0.1 added {} times in f32: relative error {:.2g}, fused with its input\n", terms,
             error);
  x.eval();
  fmt::print("the same from memory: {:.2g}\n", std::abs(sum(x).item() - exact) / exact);
}

}  // namespace

int main(int argc, char** argv) {
  const bool quick = is_quick(argc, argv);
  set_num_threads(1);
  nodes(quick ? 100 : 100000);
  plans(quick ? 2 : 200);
  sums(quick ? 100000 : 100000000);
}
