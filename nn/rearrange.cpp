#include "nn/rearrange.h"

#include "core/error.h"
#include "nn/describe.h"
#include "ops/axes.h"
#include "ops/fold.h"

namespace tessera::nn {

Tensor Flatten::forward(const Tensor& x) {
  return flatten(x, start_dim, end_dim);
}
std::string Flatten::describe() const {
  return Description().add("start_dim", start_dim).add("end_dim", end_dim);
}

Tensor Unflatten::forward(const Tensor& x) {
  return unflatten(x, dim, unflattened_size);
}
std::string Unflatten::describe() const {
  return Description().add("dim", dim).add("unflattened_size", unflattened_size.str());
}

PixelShuffle::PixelShuffle(int64_t factor) : upscale_factor(factor) {
  require(factor > 0, "PixelShuffle: upscale_factor must be positive, got {}", factor);
}
Tensor PixelShuffle::forward(const Tensor& x) {
  return pixel_shuffle(x, upscale_factor);
}
std::string PixelShuffle::describe() const {
  return Description().add("upscale_factor", upscale_factor);
}

PixelUnshuffle::PixelUnshuffle(int64_t factor) : downscale_factor(factor) {
  require(factor > 0, "PixelUnshuffle: downscale_factor must be positive, got {}", factor);
}
Tensor PixelUnshuffle::forward(const Tensor& x) {
  return pixel_unshuffle(x, downscale_factor);
}
std::string PixelUnshuffle::describe() const {
  return Description().add("downscale_factor", downscale_factor);
}

ChannelShuffle::ChannelShuffle(int64_t groups) : groups(groups) {
  require(groups > 0, "ChannelShuffle: groups must be positive, got {}", groups);
}
Tensor ChannelShuffle::forward(const Tensor& x) {
  return channel_shuffle(x, groups);
}
std::string ChannelShuffle::describe() const {
  return Description().add("groups", groups);
}

}  // namespace tessera::nn
