#include "nn/metric/nearest_voxel.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/cpu/parallel.h"
#include "core/error.h"
#include "nn/metric/distance_transform.h"
#include "nn/metric/empty_mask.h"

namespace tessera::nn {

namespace {

// How many rows are looked at for a voxel before the distance transform is cheaper.
constexpr double kRows = 512;

struct Voxel {
  int32_t d, h, w;
};

// A row beside another one, and the square of their distance.
struct NearRow {
  int64_t d, h;
  double squared;
};

// The rows around a row, nearest first, and up to which squared distance they are complete.
struct NearRows {
  std::vector<NearRow> rows;
  double complete;
};

NearRows near_rows(const VoxelSet& set, double sd, double sh) {
  const bool flat = set.depth() == 1;
  const double radius = flat ? 0.5 * kRows * sh : std::sqrt(kRows / M_PI * sd * sh);
  const auto reach = [&](double spacing, int64_t extent) {
    const double steps = std::floor(radius / spacing);
    return steps < static_cast<double>(extent) ? static_cast<int64_t>(steps) : extent - 1;
  };
  const int64_t depth = reach(sd, set.depth()), height = reach(sh, set.height());
  NearRows near{{}, radius * radius};
  if (depth == set.depth() - 1 && height == set.height() - 1) near.complete = kInfinity;
  for (int64_t d = -depth; d <= depth; ++d) {
    for (int64_t h = -height; h <= height; ++h) {
      const double y = static_cast<double>(d) * sd, x = static_cast<double>(h) * sh;
      const double squared = y * y + x * x;
      if (squared <= near.complete) near.rows.push_back({d, h, squared});
    }
  }
  std::stable_sort(near.rows.begin(), near.rows.end(),
                   [](const NearRow& a, const NearRow& b) { return a.squared < b.squared; });
  return near;
}

// Lowers `best` to the square of the distance from w to the nearest bit of a row.
void search_row(std::span<const uint64_t> row, int64_t w, double squared, double spacing,
                double& best) {
  const auto improve = [&](int64_t steps) {
    const double x = static_cast<double>(steps) * spacing;
    const double candidate = squared + x * x;
    const bool better = candidate < best;
    if (better) best = candidate;
    return better;
  };
  // Whether bits that are `steps` away could still be better.
  const auto worth = [&](int64_t steps) {
    const double x = static_cast<double>(steps) * spacing;
    return squared + x * x < best;
  };
  const int64_t last = static_cast<int64_t>(row.size()) - 1, at = w / 64, bit = w % 64;
  uint64_t word = row[static_cast<size_t>(at)] & ~uint64_t{0} >> (63 - bit);
  for (int64_t i = at; i == at || worth(w - i * 64 - 63);) {
    if (word != 0) {
      improve(w - (i * 64 + 63 - std::countl_zero(word)));
      break;
    }
    if (--i < 0) break;
    word = row[static_cast<size_t>(i)];
  }
  word = row[static_cast<size_t>(at)] & ~uint64_t{0} << bit;
  for (int64_t i = at; i == at || worth(i * 64 - w);) {
    if (word != 0) {
      improve(i * 64 + std::countr_zero(word) - w);
      break;
    }
    if (++i > last) break;
    word = row[static_cast<size_t>(i)];
  }
}

}  // namespace

std::vector<double> nearest_distances(const VoxelSet& from, const VoxelSet& to,
                                      std::span<const double> spacing) {
  const int ndim = to.shape().ndim();
  require(from.shape() == to.shape(),
          "nearest_distances: both sets must have the same shape, got {} and {}", from.shape(),
          to.shape());
  require(spacing.empty() || static_cast<int>(spacing.size()) == ndim,
          "nearest_distances: the spacing must have {} numbers, one for each axis, got {}", ndim,
          spacing.size());
  std::array<double, 3> step = {1, 1, 1};
  for (size_t i = 0; i < spacing.size(); ++i) {
    require(spacing[i] > 0 && std::isfinite(spacing[i]),
            "nearest_distances: a spacing must be above 0 and finite, got {}", spacing[i]);
    step[3 - spacing.size() + i] = spacing[i];
  }
  std::vector<Voxel> voxels;
  from.for_each([&](int64_t d, int64_t h, int64_t w) {
    voxels.push_back({static_cast<int32_t>(d), static_cast<int32_t>(h), static_cast<int32_t>(w)});
  });
  std::vector<double> out(voxels.size(), kInfinity);
  if (to.empty() || voxels.empty()) return out;

  const NearRows near = near_rows(to, step[0], step[1]);
  constexpr int64_t kGrain = 1024;
  cpu::parallel_ranges(
      static_cast<int64_t>(voxels.size()), kGrain, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) {
          const auto [vd, vh, vw] = voxels[static_cast<size_t>(i)];
          double best = kInfinity;
          for (const NearRow& row : near.rows) {
            if (row.squared >= best) break;
            const int64_t d = vd + row.d, h = vh + row.h;
            if (d < 0 || d >= to.depth() || h < 0 || h >= to.height()) continue;
            search_row(to.row(d, h), vw, row.squared, step[2], best);
          }
          out[static_cast<size_t>(i)] = best <= near.complete ? std::sqrt(best) : kInfinity;
        }
      });
  if (std::find(out.begin(), out.end(), kInfinity) == out.end()) return out;

  const std::vector<double> all = squared_distance_transform(to.bytes(), to.shape(), spacing);
  for (size_t i = 0; i < voxels.size(); ++i) {
    const auto [d, h, w] = voxels[i];
    if (out[i] != kInfinity) continue;
    out[i] = std::sqrt(all[static_cast<size_t>((d * to.height() + h) * to.width() + w)]);
  }
  return out;
}

}  // namespace tessera::nn
