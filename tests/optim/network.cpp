#include "tests/optim/network.h"

#include <doctest/doctest.h>

#include "core/evaluator.h"
#include "ops/binary.h"
#include "ops/join.h"
#include "ops/matmul.h"
#include "ops/rearrange.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/unary.h"
#include "tests/oracle.h"

namespace tessera::testing {

SmallNetwork::SmallNetwork(DType dtype)
    : w0(variable(tensor({-0.2109, -0.4976, -0.1413, -0.3420, -0.2524, 0.6976}, {3, 2}, dtype))),
      b0(variable(tensor({-0.1085, -0.2979, 0.6892}, {3}, dtype))),
      w2(variable(tensor({-0.0508, -0.3941, -0.2843}, {1, 3}, dtype))),
      b2(variable(tensor({-0.0711}, {1}, dtype))),
      input(tensor({0.1, 0.2, 0.3, 0.4, 0.5, 0.6}, {3, 2}, dtype)) {}

Tensor SmallNetwork::operator()(const Tensor& x) const {
  const Tensor hidden = sigmoid(matmul(x, permute(w0, {1, 0})) + b0);
  return sigmoid(matmul(hidden, permute(w2, {1, 0})) + b2);
}

Tensor SmallNetwork::loss(const Tensor& x) const {
  return sum((*this)(x));
}

Tensor SmallNetwork::row() const {
  Tensors flat;
  for (const Tensor& x : parameters()) flat.push_back(reshape(x, {-1}));
  return cat(flat);
}

void check_trajectory(const std::string& what, const SmallNetwork& network,
                      optim::Optimizer& optimizer) {
  INFO(what);
  constexpr int kSteps = 1001;
  const Tensor expected = Oracle("optim")(what);
  Tensors rows{network.row().eval()};
  int64_t plans = 0;
  for (int step = 1; step <= kSteps; ++step) {
    optimizer.step(network.loss());
    if (step == 2) plans = evaluator_stats().plans_made;
    if (step == 99) CHECK(evaluator_stats().plans_made == plans);
    if (step % 100 == 0 || step == kSteps) rows.push_back(network.row().eval());
  }
  check_close(stack(rows), expected, 1e-9);
}

}  // namespace tessera::testing
