#include "zoo/network.h"

#include "core/error.h"
#include "ops/axes.h"
#include "ops/pad.h"

namespace tessera::zoo {

Network::Network(int64_t channels, int64_t classes, int64_t divisor)
    : channels_(channels), classes_(classes), divisor_(divisor) {
  require(channels >= 1 && classes >= 1 && divisor >= 1,
          "network: channels, classes and divisor must be at least 1, got {}, {} and {}", channels,
          classes, divisor);
}

// x with sides that are multiples of the divisor.
Tensor Network::padded(const Tensor& x) const {
  require(x.ndim() == 4 && x.shape(1) == channels_ && x.numel() > 0,
          "{}: the input must be [N, {}, H, W] and not empty, got {}", type_name(), channels_,
          x.shape());
  const int64_t below = (divisor_ - x.shape(2) % divisor_) % divisor_;
  const int64_t right = (divisor_ - x.shape(3) % divisor_) % divisor_;
  if (below == 0 && right == 0) return x;
  return pad(x, {0, right, 0, below}, {.mode = PadMode::replicate});
}

namespace {

// The part of y that belongs to x, where y was computed from `padded`; a coarse pixel that lies in
// x only partly is kept.
Tensor cropped(Tensor y, const Tensor& x, const Tensor& padded) {
  for (int axis = 2; axis < 4; ++axis) {
    const int64_t whole = padded.shape(axis), side = y.shape(axis);
    const int64_t kept = (x.shape(axis) * side + whole - 1) / whole;
    if (kept < side) y = narrow(y, axis, 0, kept);
  }
  return y;
}

}  // namespace

Tensor Network::forward(const Tensor& x) {
  const Tensor whole = padded(x);
  return cropped(logits(whole), x, whole);
}

Tensors Network::outputs(const Tensor& x) {
  Tensors all;
  run({x}, [&] {
    const Tensor whole = padded(x);
    for (const Tensor& y : all_logits(whole)) all.push_back(cropped(y, x, whole));
    return all.at(0);
  });
  return all;
}

}  // namespace tessera::zoo
