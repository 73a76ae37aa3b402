#include "ops/conv_algorithm.h"

#include <algorithm>

#include "ops/conv_depthwise.h"
#include "ops/conv_unfold.h"
#include "ops/conv_winograd.h"

namespace tessera {

static bool& forced_direct() {
  thread_local bool forced = false;
  return forced;
}

const char* name_of(ConvAlgorithm algorithm) {
  constexpr const char* kNames[] = {"direct", "winograd", "depthwise", "unfold"};
  return kNames[static_cast<int>(algorithm)];
}

DirectConvolutions::DirectConvolutions() : Scoped(forced_direct(), true) {}

namespace detail {

ConvAlgorithm choose_algorithm(const ConvGeometry& g, DType dtype) {
  if (dtype == f64 || forced_direct()) return ConvAlgorithm::direct;
  if (depthwise_fits(g)) return ConvAlgorithm::depthwise;
  const ConvAlgorithm other = unfold_fits(g) ? ConvAlgorithm::unfold : ConvAlgorithm::direct;
  if (!winograd_fits(g)) return other;
  // The transforms are worth it from a few channels on, when there are enough tiles to share the
  // transformed weights; of many weights the direct methods have to read more.
  constexpr int64_t kChannels = 8, kTiles = 12, kManyChannels = 64, kFewTiles = 4;
  const int axes = g.output.ndim();
  const int64_t height = g.output[axes - 2], width = g.output[axes - 1];
  const int64_t slices = g.batch * g.output.slice(0, axes - 2).numel();
  const int64_t tiles = slices * ((height + 3) / 4) * ((width + 3) / 4);
  const int64_t channels = std::min(g.in_channels, g.out_channels);
  const bool worth =
      channels >= kChannels && tiles >= (channels < kManyChannels ? kTiles : kFewTiles);
  return worth ? ConvAlgorithm::winograd : other;
}

}  // namespace detail

}  // namespace tessera
