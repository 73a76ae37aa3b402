#pragma once

#include "nn/module.h"

namespace tessera::nn {

// y = x weight^T + bias of x [..., in_features], with the parameters
//   weight [out_features, in_features]
//   bias   [out_features], unless bias = false,
// uniform in +-1 / sqrt(in_features) at first. Same as torch.nn.Linear. The constructor throws
// Error when a number is not positive, forward when x does not fit.
struct LinearOptions {
  bool bias = true;
};
struct Linear : Module {
  Linear(int64_t in_features, int64_t out_features, const LinearOptions& options = {});
  int64_t in_features, out_features;
  Tensor weight, bias;

  Tensor forward(const Tensor& x) override;
  std::string describe() const override;
};

}  // namespace tessera::nn
