#include "ops/conv_algorithm.h"

#include <algorithm>

#include "core/cpu/pairs.h"
#include "ops/conv_depthwise.h"
#include "ops/conv_unfold.h"
#include "ops/conv_winograd.h"

namespace tessera {

static bool& forced_direct() {
  thread_local bool forced = false;
  return forced;
}

const char* name_of(ConvAlgorithm algorithm) {
  constexpr const char* kNames[] = {"direct", "winograd", "depthwise", "unfold", "pairs"};
  return kNames[static_cast<int>(algorithm)];
}

DirectConvolutions::DirectConvolutions() : Scoped(forced_direct(), true) {}

namespace detail {

// Whether there is enough of everything that is summed or computed together.
static bool fills_tiles(const ConvGeometry& g) {
  constexpr int64_t kLeast = 16;
  const int64_t channels = g.in_channels / g.groups, results = g.out_channels / g.groups;
  return channels * g.kernel.numel() >= kLeast && results >= kLeast && channels >= kLeast &&
         g.output.numel() >= kLeast;
}

ConvAlgorithm choose_algorithm(const ConvGeometry& g, DType dtype) {
  if (dtype == f64 || forced_direct()) return ConvAlgorithm::direct;
  if (depthwise_fits(g)) return ConvAlgorithm::depthwise;
  // Copying the patches outweighs what vectors of pairs gain, and for few channels what tiles do.
  constexpr int64_t kManyChannels = 64;
  const int64_t channels = std::min(g.in_channels, g.out_channels);
  const bool amx = cpu::pair_kernel() != nullptr && cpu::pair_kernel()->rows > cpu::kMaxGemmRows;
  if (dtype == bf16 && amx && fills_tiles(g) && (channels >= kManyChannels || !winograd_fits(g)))
    return ConvAlgorithm::pairs;
  const ConvAlgorithm other = unfold_fits(g) ? ConvAlgorithm::unfold : ConvAlgorithm::direct;
  if (!winograd_fits(g)) return other;
  // The transforms are worth it from a few channels on, when there are enough tiles to share the
  // transformed weights; of many weights the direct methods have to read more.
  constexpr int64_t kChannels = 8, kTiles = 12, kFewTiles = 4;
  const int axes = g.output.ndim();
  const int64_t height = g.output[axes - 2], width = g.output[axes - 1];
  const int64_t slices = g.batch * g.output.slice(0, axes - 2).numel();
  const int64_t tiles = slices * ((height + 3) / 4) * ((width + 3) / 4);
  const bool worth =
      channels >= kChannels && tiles >= (channels < kManyChannels ? kTiles : kFewTiles);
  return worth ? ConvAlgorithm::winograd : other;
}

}  // namespace detail

}  // namespace tessera
