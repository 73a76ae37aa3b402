#include "nn/linear.h"

#include "core/error.h"
#include "nn/describe.h"
#include "nn/init.h"
#include "ops/matmul.h"

namespace tessera::nn {

Linear::Linear(int64_t in, int64_t out, const LinearOptions& o)
    : in_features(in), out_features(out) {
  require(in > 0 && out > 0, "Linear: in_features and out_features must be positive, got {} and {}",
          in, out);
  weight = add_parameter("weight", init::fan_in_uniform({out, in}, in));
  if (o.bias) bias = add_parameter("bias", init::fan_in_uniform({out}, in));
}

Tensor Linear::forward(const Tensor& x) {
  return linear(x, weight, bias);
}

std::string Linear::describe() const {
  return Description(in_features, out_features).unless(true, "bias", bias.defined());
}

}  // namespace tessera::nn
