#pragma once

#include "core/tensor.h"

namespace tessera {

// Activation functions: element-wise, of any shape, the same as the functions of these names in
// torch.nn.functional. Integers give f32, except for relu, relu6 and threshold.
#define TESSERA_ACTIVATION_OPS(X)                                                           \
  X(relu, Relu)               /* max(x, 0); gradient 0 at 0 */                              \
  X(relu6, Relu6)             /* min(max(x, 0), 6); gradient 0 at 0 and 6 */                \
  X(silu, Silu)               /* x sigmoid(x); arXiv:1606.08415, also called swish */       \
  X(gelu, Gelu)               /* x Phi(x), Phi the normal distribution; arXiv:1606.08415 */ \
  X(gelu_tanh, GeluTanh)      /* gelu by a tanh: torch's approximate="tanh" */              \
  X(mish, Mish)               /* x tanh(softplus(x)); arXiv:1908.08681 */                   \
  X(hardsigmoid, HardSigmoid) /* x / 6 + 1/2 limited to [0, 1]; gradient 0 at both ends */  \
  X(hardswish, HardSwish)     /* x hardsigmoid(x); arXiv:1905.02244 */                      \
  X(logsigmoid, LogSigmoid)   /* log(sigmoid(x)), accurate in both tails */

#define TESSERA_DECLARE(name, Function) Tensor name(const Operand& x);
TESSERA_ACTIVATION_OPS(TESSERA_DECLARE)
#undef TESSERA_DECLARE

// x where x > 0, else negative_slope x.
Tensor leaky_relu(const Operand& x, double negative_slope = 0.01);

// x where x > 0, else weight x, with one weight for all or one for each channel.
//
// x       [N, C, ...], or [C] or 0-dimensional with one weight
// weight  [C], [1] or 0-dimensional
// He et al. 2015, arXiv:1502.01852.
Tensor prelu(const Operand& x, const Operand& weight);

// x where x > 0, else alpha (e^x - 1). Clevert et al. 2015, arXiv:1511.07289.
Tensor elu(const Operand& x, double alpha = 1);

// 1.0507 elu(x, 1.6733), which keeps activations normalised. Klambauer et al. 2017,
// arXiv:1706.02515.
Tensor selu(const Operand& x);

// x where x > 0, else alpha (e^(x / alpha) - 1); alpha must not be 0. Barron 2017,
// arXiv:1704.07483.
Tensor celu(const Operand& x, double alpha = 1);

// x limited to [min_value, max_value]; gradient 0 at both ends.
Tensor hardtanh(const Operand& x, double min_value = -1, double max_value = 1);

// log(1 + e^(beta x)) / beta, and x itself where beta x > threshold.
Tensor softplus(const Operand& x, double beta = 1, double threshold = 20);

// x / (1 + |x|).
Tensor softsign(const Operand& x);

// x where x > threshold, else value.
Tensor threshold(const Operand& x, double threshold, double value);

// x where |x| > lambda, else 0.
Tensor hardshrink(const Operand& x, double lambda = 0.5);

// x moved towards 0 by lambda, which must not be negative.
Tensor softshrink(const Operand& x, double lambda = 0.5);

// x - tanh(x).
Tensor tanhshrink(const Operand& x);

// a sigmoid(b), where a and b are the halves of x along `axis`, whose extent must be even.
// Dauphin et al. 2016, arXiv:1612.08083.
Tensor glu(const Operand& x, int64_t axis = -1);

namespace detail {

// The derivative of gelu, Phi(x) + x Phi'(x).
Tensor gelu_slope(const Operand& x);

}  // namespace detail

}  // namespace tessera
