#include <cmath>

#include "core/error.h"
#include "ops/binary.h"
#include "ops/unary.h"
#include "tests/onnx/registry.h"

namespace tessera::onnx {

namespace {

// The inputs of an update: learning rate R, step T, then the values, their gradients and one list
// of states after the other; the outputs: new values, new states.
struct Step {
  Step(const Node& node, const Inputs& x, size_t states)
      : count((x.size() - 2) / (2 + states)), rate(x[0]), time(number(x[1])) {
    require(x.size() == 2 + count * (2 + states) && count > 0,
            "onnx: {} must have {} inputs for each value, got {} in all", node.op_type, 2 + states,
            x.size());
    outputs.resize(count * (1 + states));
  }
  size_t count;
  Tensor rate;
  double time;
  Tensors outputs;
};

Tensors adagrad(const Node& node, const Inputs& x) {
  Step step(node, x, 1);
  const size_t n = step.count;
  const Tensor rate = step.rate / (1 + step.time * node.real("decay_factor", 0));
  for (size_t i = 0; i < n; ++i) {
    const Tensor &value = x[2 + i], &state = x[2 + 2 * n + i];
    const Tensor gradient = value * node.real("norm_coefficient", 0) + x[2 + n + i];
    const Tensor squares = state + gradient * gradient;
    step.outputs[i] = value - rate * gradient / (sqrt(squares) + node.real("epsilon", 1e-6));
    step.outputs[n + i] = squares;
  }
  return step.outputs;
}

Tensors adam(const Node& node, const Inputs& x) {
  Step step(node, x, 2);
  const size_t n = step.count;
  const double alpha = node.real("alpha", 0.9), beta = node.real("beta", 0.999);
  const double correction =
      step.time > 0 ? std::sqrt(1 - std::pow(beta, step.time)) / (1 - std::pow(alpha, step.time))
                    : 1;
  for (size_t i = 0; i < n; ++i) {
    const Tensor& value = x[2 + i];
    const Tensor gradient = value * node.real("norm_coefficient", 0) + x[2 + n + i];
    const Tensor first = x[2 + 2 * n + i] * alpha + gradient * (1 - alpha);
    const Tensor second = x[2 + 3 * n + i] * beta + gradient * gradient * (1 - beta);
    const Tensor moved =
        value - step.rate * correction * (first / (sqrt(second) + node.real("epsilon", 1e-6)));
    step.outputs[i] = moved * (1 - node.real("norm_coefficient_post", 0));
    step.outputs[n + i] = first;
    step.outputs[2 * n + i] = second;
  }
  return step.outputs;
}

Tensors momentum(const Node& node, const Inputs& x) {
  Step step(node, x, 1);
  const size_t n = step.count;
  const double alpha = node.real("alpha", 0);
  const double beta = step.time > 0 ? node.real("beta", 1) : 1;
  const bool nesterov = node.text("mode", "standard") == "nesterov";
  for (size_t i = 0; i < n; ++i) {
    const Tensor& value = x[2 + i];
    const Tensor gradient = value * node.real("norm_coefficient", 0) + x[2 + n + i];
    const Tensor velocity = x[2 + 2 * n + i] * alpha + gradient * beta;
    step.outputs[i] = value - step.rate * (nesterov ? gradient + velocity * alpha : velocity);
    step.outputs[n + i] = velocity;
  }
  return step.outputs;
}

}  // namespace

void add_optimizer(Registry& ops) {
  ops.insert({{"Adagrad", adagrad}, {"Adam", adam}, {"Momentum", momentum}});
}

}  // namespace tessera::onnx
