#include <array>
#include <cmath>
#include <numbers>

#include "io/augment_step.h"

namespace tessera::io {

namespace {

using ParameterKind = Parameter::Kind;

// A map by what it makes of a unit step along each axis (z, y, x).
using Matrix = std::array<std::array<double, 3>, 3>;
constexpr Matrix kUnit = {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};

void turn_(Warp& warp, const Matrix& m) {
  const Affine map{.zz = m[0][0],
                   .zy = m[0][1],
                   .zx = m[0][2],
                   .yz = m[1][0],
                   .yy = m[1][1],
                   .yx = m[1][2],
                   .xz = m[2][0],
                   .xy = m[2][1],
                   .xx = m[2][2]};
  warp.turn = compose(warp.turn, map);
}

void mirror_(Warp& warp, size_t axis) {
  Matrix m = kUnit;
  m[axis][axis] = -1;
  turn_(warp, m);
}

// A turn in the plane of two axes.
void rotate_(Warp& warp, size_t a, size_t b, double cosine, double sine) {
  Matrix m = kUnit;
  m[a][a] = m[b][b] = cosine;
  m[a][b] = sine;
  m[b][a] = -sine;
  turn_(warp, m);
}

std::array<int64_t, 3> axes_of(Extent extent) {
  return {extent.depth, extent.height, extent.width};
}

// The planes of space that there are: a picture has one.
constexpr std::array<std::array<size_t, 2>, 3> kPlanes = {{{1, 2}, {0, 2}, {0, 1}}};

void flip(const AugmentStep&, Draws&, Warp& warp) {
  mirror_(warp, 2);
}

void vflip(const AugmentStep&, Draws&, Warp& warp) {
  mirror_(warp, 1);
}

void zflip(const AugmentStep&, Draws&, Warp& warp) {
  if (warp.window.depth > 1) mirror_(warp, 0);
}

void rot90(const AugmentStep&, Draws& draws, Warp& warp) {
  const auto [a, b] = kPlanes[warp.window.depth > 1 ? static_cast<size_t>(draws.below(3)) : 0];
  const auto extents = axes_of(warp.window);
  const int64_t turns = extents[a] == extents[b] ? 1 + draws.below(3) : 2;
  rotate_(warp, a, b, turns == 2 ? -1 : 0, turns == 2 ? 0 : turns == 1 ? 1 : -1);
}

void transpose(const AugmentStep&, Draws& draws, Warp& warp) {
  const auto extents = axes_of(warp.window);
  std::vector<std::array<size_t, 2>> planes;
  for (const auto& plane : kPlanes)
    if (extents[plane[0]] == extents[plane[1]] && extents[plane[0]] > 1) planes.push_back(plane);
  if (planes.empty()) return;
  const auto [a, b] = planes[static_cast<size_t>(draws.below(std::ssize(planes)))];
  Matrix m = kUnit;
  std::swap(m[a], m[b]);
  turn_(warp, m);
}

void rotate(const AugmentStep& step, Draws& draws, Warp& warp) {
  const double longer = static_cast<double>(std::max(warp.window.height, warp.window.width));
  const double shorter = static_cast<double>(std::min(warp.window.height, warp.window.width));
  const bool elongated = longer > 1.5 * shorter, thin = warp.thin();
  for (size_t plane = 0; plane < (thin ? 1 : 3); ++plane) {
    const double degrees = step.draw(thin ? (elongated ? 1 : 0) : 2, draws);
    if (!thin && !draws.chance(step.ranges[3].low)) continue;
    const double angle = degrees * std::numbers::pi / 180;
    rotate_(warp, kPlanes[plane][0], kPlanes[plane][1], std::cos(angle), std::sin(angle));
  }
}

void scale(const AugmentStep& step, Draws& draws, Warp& warp) {
  Matrix m = kUnit;
  double factor = 1;
  for (size_t axis = 3; axis-- > 0;) {
    if (axis == 2 || step.flag(1)) {
      factor = step.draw(0, draws);
      if (!step.flag(2)) factor = 1 / factor;
    }
    if (axis > 0 || !warp.thin()) m[axis][axis] = factor;
  }
  turn_(warp, m);
}

void shear(const AugmentStep& step, Draws& draws, Warp& warp) {
  Matrix m = kUnit;
  for (size_t a = warp.thin() ? 1 : 0; a < 3; ++a)
    for (size_t b = warp.thin() ? 1 : 0; b < 3; ++b)
      if (a != b) m[a][b] = step.draw(0, draws);
  turn_(warp, m);
}

void translate(const AugmentStep& step, Draws& draws, Warp& warp) {
  const double y = step.draw(0, draws), x = step.draw(0, draws);
  const double z = warp.thin() ? 0 : step.draw(0, draws);
  warp.turn = compose(warp.turn, {.z0 = -z * static_cast<double>(warp.image.depth),
                                  .y0 = -y * static_cast<double>(warp.image.height),
                                  .x0 = -x * static_cast<double>(warp.image.width)});
}

void elastic(const AugmentStep& step, Draws& draws, Warp& warp) {
  const double side = static_cast<double>(std::min(warp.window.height, warp.window.width));
  const double distance = step.draw(0, draws) * side;
  const int64_t points = step.draw_whole(1, draws);
  warp.bends.emplace_back(warp.window, points, distance, warp.thin(), draws);
}

}  // namespace

std::vector<StepKind> spatial_steps() {
  const double same = std::nan("");
  const char* f = "geometry";
  return {
      {.name = "flip", .family = f, .doc = "left with right", .move = flip},
      {.name = "vflip", .family = f, .doc = "top with bottom", .move = vflip},
      {.name = "zflip", .family = f, .doc = "first with last slice, of volumes", .move = zflip},
      {.name = "rot90",
       .family = f,
       .doc = "1 to 3 quarter turns in a plane of two axes (2 where they are not as long)",
       .move = rot90},
      {.name = "transpose",
       .family = f,
       .doc = "two axes exchanged that are as long; nothing without such",
       .move = transpose},
      {.name = "rotate",
       .family = f,
       .doc = "turned by f degrees; elongated: where one side is 1.5 times the other; volume: in "
              "each plane, unless it is thin, by the chance axes",
       .parameters = {{"angle", -15, 15, -360, 360},
                      {"elongated", same, same, -360, 360},
                      {"volume", same, same, -360, 360},
                      {"axes", 1, 1, 0, 1}},
       .symmetric = true,
       .move = rotate},
      {.name = "scale",
       .family = f,
       .doc = "enlarged by f; axes: each axis by its own; inverse: by 1 / f",
       .parameters = {{"factor", 0.8, 1.25, 0.01, 100},
                      {"axes", 0, 0, 0, 1, ParameterKind::flag},
                      {"inverse", 0, 0, 0, 1, ParameterKind::flag}},
       .move = scale},
      {.name = "shear",
       .family = f,
       .doc = "each axis is moved by f times the others",
       .parameters = {{"factor", -0.1, 0.1, -2, 2}},
       .symmetric = true,
       .move = shear},
      {.name = "translate",
       .family = f,
       .doc = "moved by f of each axis",
       .parameters = {{"share", -0.1, 0.1, -1, 1}},
       .symmetric = true,
       .move = translate},
      {.name = "elastic",
       .family = f,
       .doc = "bent by a cubic spline whose inner control points move by up to f of the shorter "
              "side; points: how many on each axis",
       .parameters = {{"share", 0, 0.04, 0, 0.5}, {"points", 7, 7, 5, 64, ParameterKind::whole}},
       .move = elastic},
  };
}

}  // namespace tessera::io
