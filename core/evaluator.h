#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "core/plan.h"
#include "core/tensor.h"

namespace tessera {

// Counters of the evaluator, since the start of the program.
struct EvaluatorStats {
  int64_t evaluations = 0;  // runs of a plan
  int64_t plans_made = 0;   // the rest were reused
  int64_t steps = 0;        // programs and kernels run
};
EvaluatorStats evaluator_stats();

// The newest values of all variables that were updated but not computed since. eval_and_release
// computes them with its targets: left alone, a running mean would keep the step's graph alive.
Tensors pending_updates();

// What happened in one step, for profilers: called after each step while it is set.
struct StepRecord {
  const Group* step;
  std::span<Node* const> values;  // by value number of the plan's graph
  double begin_seconds, end_seconds;
};
using StepObserver = std::function<void(const StepRecord&)>;
StepObserver set_step_observer(StepObserver observer);  // returns the one before; may be empty

// The pending ancestors of the targets as the fuser sees them, for drawings of the graph.
Graph pending_graph(std::span<const Tensor> targets);

}  // namespace tessera
