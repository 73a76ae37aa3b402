#pragma once

#include <string>

#include "optim/optimizer.h"

namespace tessera::testing {

// The network of scripts/oracles/optim.py, Linear(2, 3), sigmoid, Linear(3, 1), sigmoid, from its
// starting weights.
struct SmallNetwork {
  explicit SmallNetwork(DType dtype = f64);

  Tensor operator()(const Tensor& x) const;
  Tensor loss() const { return loss(input); }  // sum of the outputs
  Tensor loss(const Tensor& x) const;
  Tensors parameters() const { return {w0, b0, w2, b2}; }
  Tensor row() const;  // all parameters, one after the other

  Tensor w0, b0, w2, b2, input;
};

// 1,001 steps of `optimizer` on `network` give the parameters that torch.optim gave, recorded under
// `what`; and all steps but the first use one plan.
void check_trajectory(const std::string& what, const SmallNetwork& network,
                      optim::Optimizer& optimizer);

}  // namespace tessera::testing
