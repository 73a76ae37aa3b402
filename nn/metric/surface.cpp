#include "nn/metric/surface.h"

#include <array>
#include <bit>
#include <cmath>
#include <utility>

#include "core/error.h"
#include "nn/metric/connected_components.h"

namespace tessera::nn {

namespace {

// The corners of a cube are numbered by their coordinates: 4 z + 2 y + x, so axis 0 is bit 2.
int bit_of_axis(int axis) {
  return 4 >> axis;
}

// The neighbours along an edge of the cube that belong to `set`, as bits 1 << axis.
int edges_from(int corner, int set) {
  int edges = 0;
  for (int axis = 0; axis < 3; ++axis) {
    if ((set >> (corner ^ bit_of_axis(axis)) & 1) != 0) edges |= 1 << axis;
  }
  return edges;
}

// What is connected with `corner` along edges, within `set`.
int component_of(int corner, int set) {
  int component = 1 << corner, before = 0;
  while (component != before) {
    before = component;
    for (int i = 0; i < 8; ++i) {
      if ((set >> i & 1) != 0 && edges_from(i, before) != 0) component |= 1 << i;
    }
  }
  return component;
}

// The area of the surface that cuts a connected set of at most four corners off the cube of the
// voxel centres, through the middles of the edges. Sides of the cube have the areas side[axis].
double area_of_component(int component, const std::array<double, 3>& side) {
  const double whole = std::hypot(side[0], side[1], side[2]);
  int used = 0, most_edges = 0, middle = 0;  // axes with an edge; the axis of the chain's middle
  for (int i = 0; i < 8; ++i) {
    if ((component >> i & 1) == 0) continue;
    const int edges = edges_from(i, component);
    used |= edges;
    most_edges = std::max(most_edges, std::popcount(static_cast<unsigned>(edges)));
    for (int axis = 0; axis < 3; ++axis) {
      const int other = i ^ bit_of_axis(axis);
      const bool joins = (edges >> axis & 1) != 0 &&
                         std::popcount(static_cast<unsigned>(edges)) == 2 &&
                         std::popcount(static_cast<unsigned>(edges_from(other, component))) == 2;
      if (joins) middle = axis;
    }
  }
  const auto across = [&](int axis) {  // of a wall along that edge, cut diagonally
    return std::hypot(side[static_cast<size_t>((axis + 1) % 3)],
                      side[static_cast<size_t>((axis + 2) % 3)]);
  };
  switch (std::popcount(static_cast<unsigned>(component))) {
    case 1:
      return whole / 8;  // a triangle
    case 2:
      return 0.5 * across(std::countr_zero(static_cast<unsigned>(used)));  // a wall
    case 3: {                                                              // three of one side
      const int normal = std::countr_zero(static_cast<unsigned>(~used));
      return 0.5 * side[static_cast<size_t>(normal)] + 0.375 * whole;
    }
    default:
      break;
  }
  if (std::popcount(static_cast<unsigned>(used)) == 2) {  // a side
    return side[static_cast<size_t>(std::countr_zero(static_cast<unsigned>(~used)))];
  }
  if (most_edges == 3) return 0.75 * whole;  // a corner and its three neighbours: a hexagon
  const int p = (middle + 1) % 3, q = (middle + 2) % 3;  // a chain with two bends
  return 0.5 * whole + 0.25 * (across(p) + across(q));
}

std::vector<double> areas(const std::array<double, 3>& s) {
  const std::array<double, 3> side = {s[1] * s[2], s[0] * s[2], s[0] * s[1]};
  std::vector<double> table(256, 0);
  for (int code = 0; code < 256; ++code) {
    // The surface is the same seen from either side; the smaller set is the simpler one.
    int rest = std::popcount(static_cast<unsigned>(code)) > 4 ? 255 - code : code;
    while (rest != 0) {
      const int component = component_of(std::countr_zero(static_cast<unsigned>(rest)), rest);
      table[static_cast<size_t>(code)] += area_of_component(component, side);
      rest &= ~component;
    }
  }
  return table;
}

std::vector<double> lengths(double s0, double s1) {
  const double diagonal = 0.5 * std::hypot(s0, s1);  // cuts off one corner
  std::vector<double> table(16, diagonal);
  table[0] = table[15] = 0;
  table[0b0011] = table[0b1100] = s1;
  table[0b0101] = table[0b1010] = s0;
  table[0b0110] = table[0b1001] = 2 * diagonal;
  return table;
}

// The rows of voxels around a row of corners; outside of the grid there are only zeros.
class RowsAround {
 public:
  explicit RowsAround(const VoxelSet& region)
      : region_(region), nothing_(region.row(0, 0).size(), 0) {}
  std::span<const uint64_t> row(int64_t d, int64_t h) const {
    const bool inside = d >= 0 && d < region_.depth() && h >= 0 && h < region_.height();
    return inside ? region_.row(d, h) : std::span<const uint64_t>(nothing_);
  }

 private:
  const VoxelSet& region_;
  std::vector<uint64_t> nothing_;
};

bool bit(std::span<const uint64_t> row, int64_t w) {
  const auto i = static_cast<size_t>(w / 64);
  return w >= 0 && i < row.size() && (row[i] >> (w % 64) & 1) != 0;
}

}  // namespace

Surface border_surface(const VoxelSet& region, int connectivity) {
  return {border(region, connectivity)};
}

std::vector<double> corner_weights(std::span<const double> spacing) {
  for (const double s : spacing) {
    require(s > 0 && std::isfinite(s),
            "corner_weights: a spacing must be above 0 and finite, got {}", s);
  }
  require(spacing.size() == 2 || spacing.size() == 3,
          "corner_weights: the spacing must have 2 or 3 numbers, got {}", spacing.size());
  if (spacing.size() == 2) return lengths(spacing[0], spacing[1]);
  return areas({spacing[0], spacing[1], spacing[2]});
}

Surface corner_surface(const VoxelSet& region, std::span<const double> spacing) {
  const bool flat = region.shape().ndim() == 2;
  require(static_cast<int>(spacing.size()) == region.shape().ndim(),
          "corner_surface: the spacing must have {} numbers, one for each axis, got {}",
          region.shape().ndim(), spacing.size());
  const std::vector<double> table = corner_weights(spacing);
  Shape shape = region.shape();
  for (int axis = 0; axis < shape.ndim(); ++axis) ++shape[axis];
  Surface surface{VoxelSet(shape)};
  const RowsAround around(region);
  for (int64_t d = 0; d < surface.points.depth(); ++d) {
    for (int64_t h = 0; h < surface.points.height(); ++h) {
      std::array<std::span<const uint64_t>, 4> rows;
      const size_t count = flat ? 2 : 4;
      for (size_t i = 0; i < count; ++i) {
        const auto a = static_cast<int64_t>(i / 2), b = static_cast<int64_t>(i % 2);
        rows[i] = flat ? around.row(0, h - 1 + b) : around.row(d - 1 + a, h - 1 + b);
      }
      const auto points = surface.points.row(d, h);
      for (size_t i = 0; i < points.size(); ++i) {
        uint64_t any = 0, all = ~uint64_t{0};
        for (size_t r = 0; r < count; ++r) {
          const uint64_t word = i < rows[r].size() ? rows[r][i] : 0;
          const uint64_t before = word << 1 | (i == 0 ? 0 : rows[r][i - 1] >> 63);
          any |= word | before;
          all &= word & before;
        }
        points[i] = any & ~all;
        for (uint64_t left = points[i]; left != 0; left &= left - 1) {
          const int64_t w = static_cast<int64_t>(i) * 64 + std::countr_zero(left);
          size_t code = 0;
          for (size_t r = 0; r < count; ++r) {
            code |= static_cast<size_t>(bit(rows[r], w - 1)) << (2 * r);
            code |= static_cast<size_t>(bit(rows[r], w)) << (2 * r + 1);
          }
          surface.weights.push_back(table[code]);
        }
      }
    }
  }
  return surface;
}

Surface contour_surface(const VoxelSet& region) {
  require(region.shape().ndim() == 2,
          "contour_surface: the region must be a picture [H, W], got {}", region.shape());
  const int64_t height = region.height(), width = region.width();
  const auto inside = [&](int64_t h, int64_t w) {
    return h >= 0 && h < height && w >= 0 && w < width && region.contains(0, h, w);
  };
  // The background that is connected with what is around the picture, one pixel of which is added.
  VoxelSet outside(Shape{height + 2, width + 2});
  for (int64_t h = 0; h < height + 2; ++h) {
    for (int64_t w = 0; w < width + 2; ++w) {
      if (!inside(h - 1, w - 1)) outside.insert(0, h, w);
    }
  }
  const std::vector<int32_t> background = connected_components(outside, 1).labels;
  const auto is_around = [&](int64_t h, int64_t w) {
    return background[static_cast<size_t>((h + 1) * (width + 2) + w + 1)] == 1;
  };

  // The eight neighbours in clockwise order, from the left one on.
  constexpr std::pair<int, int> kRing[] = {{0, -1}, {-1, -1}, {-1, 0}, {-1, 1},
                                           {0, 1},  {1, 1},   {1, 0},  {1, -1}};
  std::vector<double> visits(static_cast<size_t>(height * width));
  // The first neighbour inside, in `steps` of +1 (clockwise) or -1 around (h, w), behind `from`.
  const auto next = [&](int64_t h, int64_t w, int from, int step) {
    for (int i = 1; i <= 8; ++i) {
      const int k = (from + i * step + 64) % 8;
      if (inside(h + kRing[k].first, w + kRing[k].second)) return k;
    }
    return -1;
  };
  const Components parts = connected_components(region, 2);
  std::vector<bool> seen(static_cast<size_t>(parts.count()) + 1);
  region.for_each([&](int64_t, int64_t h0, int64_t w0) {
    const auto part = static_cast<size_t>(parts.labels[static_cast<size_t>(h0 * width + w0)]);
    if (seen[part]) return;
    seen[part] = true;
    if (!is_around(h0, w0 - 1)) return;  // it lies in a hole
    const int last = next(h0, w0, 0, 1);
    if (last < 0) {
      visits[static_cast<size_t>(h0 * width + w0)] = 1;
      return;
    }
    int64_t h = h0, w = w0;
    int back = last;
    while (true) {
      visits[static_cast<size_t>(h * width + w)] += 1;
      const int forward = next(h, w, back, -1);
      const int64_t to_h = h + kRing[forward].first, to_w = w + kRing[forward].second;
      const bool closes =
          to_h == h0 && to_w == w0 && h == h0 + kRing[last].first && w == w0 + kRing[last].second;
      if (closes) return;
      h = to_h;
      w = to_w;
      back = (forward + 4) % 8;
    }
  });
  Surface surface{VoxelSet(region.shape())};
  region.for_each([&](int64_t, int64_t h, int64_t w) {
    const double count = visits[static_cast<size_t>(h * width + w)];
    if (count == 0) return;
    surface.points.insert(0, h, w);
    surface.weights.push_back(count);
  });
  return surface;
}

}  // namespace tessera::nn
