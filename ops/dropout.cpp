#include "ops/dropout.h"

#include <cmath>

#include "core/error.h"
#include "ops/binary.h"
#include "ops/random.h"

namespace tessera {

namespace {

void check(const char* op, const Operand& x, double p) {
  require(x.defined() && is_floating(x.dtype()), "{}: x must be a floating tensor, got {}", op,
          x.defined() ? fmt::format("{} {}", x.dtype(), x.shape()) : "an undefined one");
  require(p >= 0 && p <= 1, "{}: p must be in [0, 1], got {}", op, p);
}

// x times a mask of `shape`, which broadcasts to that of x.
Tensor dropped(const Tensor& x, const Shape& shape, double p, bool training) {
  if (!training || p == 0) return x;
  if (p == 1) return x * 0;
  return where(rand(shape) >= p, x * (1 / (1 - p)), 0);
}

Tensor channel_dropout(const char* op, const Operand& x, int spatial, double p, bool training) {
  check(op, x, p);
  require(x.ndim() == spatial + 1 || x.ndim() == spatial + 2,
          "{}: x must have {} spatial axes after [N, C] or [C], got {}", op, spatial, x.shape());
  Shape mask = x.shape();
  for (int i = x.ndim() - spatial; i < x.ndim(); ++i) mask[i] = 1;
  return dropped(x, mask, p, training);
}

}  // namespace

Tensor dropout(const Operand& x, double p, bool training) {
  const Call call("dropout", x.where);
  check("dropout", x, p);
  return dropped(x, x.shape(), p, training);
}

Tensor dropout1d(const Operand& x, double p, bool training) {
  const Call call("dropout1d", x.where);
  return channel_dropout("dropout1d", x, 1, p, training);
}

Tensor dropout2d(const Operand& x, double p, bool training) {
  const Call call("dropout2d", x.where);
  return channel_dropout("dropout2d", x, 2, p, training);
}

Tensor dropout3d(const Operand& x, double p, bool training) {
  const Call call("dropout3d", x.where);
  return channel_dropout("dropout3d", x, 3, p, training);
}

Tensor alpha_dropout(const Operand& x, double p, bool training) {
  const Call call("alpha_dropout", x.where);
  check("alpha_dropout", x, p);
  if (!training || p == 0) return x;
  if (p == 1) return x * 0;
  constexpr double kDropped = -1.7580993408473766;  // -scale alpha of selu
  const double a = 1 / std::sqrt((1 - p) * (1 + p * kDropped * kDropped));
  return a * where(rand(x.shape()) >= p, x, kDropped) - a * p * kDropped;
}

}  // namespace tessera
