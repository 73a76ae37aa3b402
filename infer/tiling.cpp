#include "infer/tiling.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"
#include "core/nearest.h"

namespace tessera::infer {

std::vector<int64_t> window_starts(int64_t extent, int64_t tile, double overlap,
                                   Placement placement) {
  require(tile >= 1 && tile <= extent,
          "window_starts: the tile must be from 1 to the extent {}, got {}", extent, tile);
  require(overlap >= 0 && overlap < 1, "window_starts: the overlap must be in [0, 1), got {}",
          overlap);
  const int64_t room = extent - tile;
  const double wanted = static_cast<double>(tile) * (1 - overlap);
  std::vector<int64_t> starts;
  if (placement == Placement::nnunet) {
    const auto steps = static_cast<int64_t>(std::ceil(static_cast<double>(room) / wanted));
    const double step = steps == 0 ? 0 : static_cast<double>(room) / static_cast<double>(steps);
    for (int64_t i = 0; i <= steps; ++i) {
      starts.push_back(std::llrint(step * static_cast<double>(i)));  // halves to even, as in NumPy
    }
  } else {
    const int64_t step = std::max<int64_t>(1, static_cast<int64_t>(wanted));
    for (int64_t start = 0; start < room; start += step) starts.push_back(start);
    starts.push_back(room);
  }
  return starts;
}

std::vector<double> window_weights(int64_t tile, Blend blend, Placement placement) {
  const auto n = static_cast<double>(tile);
  const double middle = placement == Placement::nnunet ? std::floor(n / 2) : (n - 1) / 2;
  std::vector<double> weights(static_cast<size_t>(tile), 1);
  for (int64_t i = 0; i < tile; ++i) {
    const auto x = static_cast<double>(i);
    double& weight = weights[static_cast<size_t>(i)];
    if (blend == Blend::gaussian) {
      const double d = (x - middle) / (n / 8);
      weight = std::exp(-d * d / 2);
    } else if (blend == Blend::hann) {
      const double root = std::sin(std::numbers::pi * (x + 0.5) / n);
      weight = root * root;
    }
  }
  return weights;
}

Placement parse_placement(std::string_view name) {
  return choose<Placement>("placement", name,
                           {{"nnunet", Placement::nnunet}, {"monai", Placement::monai}});
}

Blend parse_blend(std::string_view name) {
  return choose<Blend>(
      "blend", name,
      {{"constant", Blend::constant}, {"gaussian", Blend::gaussian}, {"hann", Blend::hann}});
}

}  // namespace tessera::infer
