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

Tensor Network::forward(const Tensor& x) {
  require(x.ndim() == 4 && x.shape(1) == channels_ && x.numel() > 0,
          "{}: the input must be [N, {}, H, W] and not empty, got {}", type_name(), channels_,
          x.shape());
  const int64_t H = x.shape(2), W = x.shape(3);
  const int64_t below = (divisor_ - H % divisor_) % divisor_;
  const int64_t right = (divisor_ - W % divisor_) % divisor_;
  if (below == 0 && right == 0) return logits(x);
  const Tensor y = logits(pad(x, {0, right, 0, below}, {.mode = PadMode::replicate}));
  return narrow(narrow(y, 2, 0, H), 3, 0, W);
}

}  // namespace tessera::zoo
