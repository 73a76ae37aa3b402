#pragma once

#include "nn/module.h"

namespace tessera::nn {

// Layers that drop parts of x at random in training, each with probability p, and return x in
// evaluation. What stays is scaled so that the mean stays. Constructors throw Error unless p lies
// in [0, 1].
struct DropoutBase : Module {
  double p;
  std::string describe() const override;

 protected:
  DropoutBase(const char* name, double p);
};

// Elements; whole channels of x [N, C, L], [N, C, H, W] and [N, C, D, H, W]; elements, keeping mean
// and variance behind SELU. Same as the classes of these names in torch.nn; see ops/dropout.h.
#define TESSERA_DROPOUT_MODULES(X) \
  X(Dropout, dropout)              \
  X(Dropout1d, dropout1d)          \
  X(Dropout2d, dropout2d)          \
  X(Dropout3d, dropout3d)          \
  X(AlphaDropout, alpha_dropout)

#define TESSERA_MODULE(Name, function)                       \
  struct Name : DropoutBase {                                \
    explicit Name(double p = 0.5) : DropoutBase(#Name, p) {} \
    Tensor forward(const Tensor& x) override;                \
  };
TESSERA_DROPOUT_MODULES(TESSERA_MODULE)
#undef TESSERA_MODULE

// Whole samples of x [N, ...]: on a residual branch this leaves the branch out ("stochastic
// depth"). Huang et al. 2016, arXiv:1603.09382. Same as torchvision.ops.StochasticDepth with
// mode="row", and DropPath in many vision transformers.
struct DropPath : DropoutBase {
  explicit DropPath(double p = 0) : DropoutBase("DropPath", p) {}
  Tensor forward(const Tensor& x) override;
};

}  // namespace tessera::nn
