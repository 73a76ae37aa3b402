#include "nn/dropout.h"

#include "core/error.h"
#include "nn/describe.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/dropout.h"
#include "ops/random.h"

namespace tessera::nn {

DropoutBase::DropoutBase(const char* name, double p) : p(p) {
  require(p >= 0 && p <= 1, "{}: p must lie in [0, 1], got {}", name, p);
}

std::string DropoutBase::describe() const {
  return Description().add("p", p);
}

#define TESSERA_FORWARD(Name, function)   \
  Tensor Name::forward(const Tensor& x) { \
    return function(x, p, is_training()); \
  }
TESSERA_DROPOUT_MODULES(TESSERA_FORWARD)
#undef TESSERA_FORWARD

Tensor DropPath::forward(const Tensor& x) {
  if (!is_training() || p == 0) return x;
  require(x.ndim() > 0, "DropPath: x must be [N, ...], got {}", x.shape());
  if (p == 1) return x * 0;
  const Shape each = Shape::filled(x.ndim(), 1).with(0, x.shape(0));
  return x * bernoulli(full(each, 1 - p, x.dtype())) / (1 - p);
}

}  // namespace tessera::nn
