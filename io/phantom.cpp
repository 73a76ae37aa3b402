#include "io/phantom.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"
#include "core/nearest.h"

namespace tessera::io {

namespace {

constexpr double kPi = std::numbers::pi;
using Surface = std::function<double(const Point&)>;

// A surface with bumps of about `height`.
Surface bumpy(const Surface& surface, Draws& draws, int cells, double height) {
  const SmoothField field(draws, cells);
  return [=](const Point& p) { return surface(p) + height * field.at(p); };
}

// A spine from the side, as in T2-weighted MR: bright discs between grey bodies, and behind them
// (to the right) the canal with its bright fluid and the cord.
Scene vertebrae(const SceneSize& size, Draws& draws) {
  Scene scene{.size = size, .background = 0.02};
  const double lean = draws.uniform(-0.1, 0.1), bend = draws.uniform(0.08, 0.22);
  const double phase = draws.uniform(0.5, 1.1), shift = draws.uniform(-0.2, 0);
  const auto middle = [=](double y) { return shift + lean * y + bend * std::sin(2 * y + phase); };
  const auto slope = [=](double y) { return lean + 2 * bend * std::cos(2 * y + phase); };

  scene.bodies.push_back(
      {.distance = bumpy([=](const Point& p) { return std::abs(p.x - 0.6 * middle(p.y)) - 0.88; },
                         draws, 3, 0.04),
       .value = 0.55,
       .texture = 0.03,
       .softness = 2});  // fat under the skin
  scene.bodies.push_back(
      {.distance = bumpy([=](const Point& p) { return std::abs(p.x - 0.6 * middle(p.y)) - 0.74; },
                         draws, 4, 0.05),
       .value = 0.2,
       .texture = 0.04,
       .softness = 2});  // muscle and organs
  const double width = draws.uniform(0.34, 0.42), canal = draws.uniform(0.1, 0.13);
  const auto behind = [=](double y) { return middle(y) + width / 2 + 0.05 + canal; };
  const auto band = [=](double half) {
    return [=](const Point& p) {
      return (std::abs(p.x - behind(p.y)) - half) / std::hypot(1, slope(p.y));
    };
  };
  scene.bodies.push_back({.distance = band(canal), .value = 0.85, .label = 3, .texture = 0.03});
  scene.bodies.push_back({.distance = band(0.45 * canal),
                          .value = 0.45,
                          .label = Body::kNoLabel,
                          .texture = 0.02,
                          .softness = 2});

  double y = -1.25 + draws.uniform(0, 0.3);
  double height = draws.uniform(0.21, 0.25);
  const double marrow = draws.uniform(0.36, 0.46);
  while (y < 1.3) {
    const double disc = 0.28 * height * draws.uniform(0.85, 1.15);
    const auto place = [&](double at) { return Point{0, at, middle(at)}; };
    const double angle = -std::atan(slope(y));
    const Point bone = place(y);
    // Bodies are a little narrower in the middle.
    const Surface box = rounded_box(bone, height, width, 0.25 * height, angle);
    const double waist = draws.uniform(0.01, 0.025);
    const Surface body = [=](const Point& p) {
      const double up = (p.y - bone.y) / (height / 2);
      return box(p) + waist * std::max(0.0, 1 - up * up);
    };
    const Body shell = {
        .distance = body, .middle = bone, .reach = width, .value = 0.12, .label = 1};
    scene.bodies.push_back(shell);
    scene.bodies.push_back({.distance = [=](const Point& p) { return body(p) + 0.015; },
                            .middle = bone,
                            .reach = width,
                            .value = marrow,
                            .label = Body::kNoLabel,
                            .texture = 0.03,
                            .softness = 2});
    // The spinous process, behind the canal.
    const Point process = {0, y + 0.1, behind(y) + canal + 0.14};
    scene.bodies.push_back({.distance = rounded_box(process, 0.1, 0.22, 0.045, angle - 0.35),
                            .middle = process,
                            .reach = 0.25,
                            .value = 0.9 * marrow,
                            .label = 1,
                            .texture = 0.03});
    const double between = y + (height + disc) / 2;
    const Point centre = place(between);
    const Surface lens =
        rounded_box(centre, disc * 0.9, width * 0.96, 0.44 * disc, -std::atan(slope(between)));
    const bool worn = draws.chance(0.25);
    scene.bodies.push_back({.distance = lens,
                            .middle = centre,
                            .reach = width,
                            .value = 0.22,
                            .label = 2,
                            .texture = 0.02});
    scene.bodies.push_back(
        {.distance = ellipsoid(centre, {1, 0.42 * disc, 0.36 * width}, -std::atan(slope(between))),
         .middle = centre,
         .reach = width,
         .value = worn ? 0.3 : draws.uniform(0.6, 0.8),
         .label = Body::kNoLabel,
         .texture = 0.03,
         .softness = 3});
    y += height + disc;
    height *= 1.03;
  }
  return scene;
}

// A branch of a vessel and what grows from it.
void grow(Scene& scene, Draws& draws, Point from, double angle, double radius, int generation) {
  const double straight = draws.uniform(0.01, 0.03);
  const int64_t steps = 4 + draws.below(8) + 3 * std::max(0, 3 - generation);
  double turn = 0;
  for (int64_t i = 0; i < steps; ++i) {
    turn = 0.7 * turn + draws.uniform(-0.12, 0.12);
    angle += turn;
    const double step = 0.05 + straight, thinner = radius * 0.985;
    const Point to = {0, from.y + step * std::sin(angle), from.x + step * std::cos(angle)};
    if (std::hypot(to.y, to.x) > 0.93) return;
    scene.bodies.push_back({.distance = tube(from, to, radius, thinner),
                            .middle = from,
                            .reach = step + radius,
                            .value = 0.24 + 0.1 * (1 - std::min(1.0, radius / 0.025)),
                            .label = 1});
    from = to;
    radius = thinner;
    if (generation < 5 && i > 1 && draws.chance(0.16) && radius > 0.005) {
      const double side = draws.chance(0.5) ? 1 : -1;
      grow(scene, draws, from, angle + side * draws.uniform(0.5, 1.0), 0.65 * radius,
           generation + 1);
    }
  }
  if (generation < 6 && radius > 0.004) {
    const double open = draws.uniform(0.25, 0.6);
    grow(scene, draws, from, angle + open, 0.8 * radius, generation + 1);
    grow(scene, draws, from, angle - open, 0.75 * radius, generation + 1);
  }
}

// The back of an eye: vessels that branch from the bright disc of the nerve.
Scene vessels(const SceneSize& size, Draws& draws) {
  Scene scene{.size = size, .background = 0.01};
  scene.bodies.push_back(
      {.distance = ellipsoid({}, {1, 0.95, 0.95}), .value = 0.5, .texture = 0.015, .softness = 2});
  const double side = draws.chance(0.5) ? 1 : -1;
  const Point nerve = {0, draws.uniform(-0.1, 0.1), side * draws.uniform(0.45, 0.6)};
  scene.bodies.push_back({.distance = ellipsoid({0, 0.05, nerve.x - side * 0.75}, {1, 0.16, 0.18}),
                          .value = 0.38,
                          .texture = 0.01,
                          .softness = 30});  // the macula
  scene.bodies.push_back({.distance = ellipsoid(nerve, {1, 0.13, 0.11}),
                          .middle = nerve,
                          .reach = 0.3,
                          .value = 0.85,
                          .texture = 0.03,
                          .softness = 4});
  for (const double direction : {-0.75, 0.75}) {
    for (int i = 0; i < 2; ++i) {  // an artery and a vein
      grow(scene, draws, {0, nerve.y + 0.03 * direction, nerve.x},
           (side > 0 ? kPi : 0) + side * -direction * 1.6 + draws.uniform(-0.25, 0.25),
           draws.uniform(0.018, 0.026), 0);
    }
    grow(scene, draws, nerve, (side > 0 ? 0 : kPi) + direction + draws.uniform(-0.3, 0.3),
         draws.uniform(0.01, 0.014), 2);
  }
  return scene;
}

// Cells in culture under a fluorescence microscope.
Scene cells(const SceneSize& size, Draws& draws) {
  Scene scene{.size = size, .background = 0.04};
  const double radius = draws.uniform(0.13, 0.19);
  const double long_side = static_cast<double>(std::max(size.height, size.width)) /
                           static_cast<double>(std::min(size.height, size.width));
  const double half_y = size.height > size.width ? long_side : 1;
  const double half_x = size.width > size.height ? long_side : 1;
  std::vector<Point> taken;
  constexpr int kTries = 300;
  for (int i = 0; i < kTries; ++i) {
    const Point middle = {0, draws.uniform(-half_y, half_y), draws.uniform(-half_x, half_x)};
    const auto too_near = [&](const Point& other) {
      return std::hypot(other.y - middle.y, other.x - middle.x) < 1.45 * radius;
    };
    if (std::ranges::any_of(taken, too_near)) continue;
    taken.push_back(middle);
    const double angle = draws.uniform(0, kPi), size_of = radius * draws.uniform(0.75, 1.15);
    const double aspect = draws.uniform(0.65, 1);
    const Surface outline =
        bumpy(ellipsoid(middle, {1, size_of * aspect, size_of}, angle), draws, 14, 0.09 * size_of);
    const double glow = draws.uniform(0.25, 0.5);
    scene.bodies.push_back({.distance = outline,
                            .middle = middle,
                            .reach = 1.6 * size_of,
                            .value = glow,
                            .label = 1,
                            .texture = 0.06,
                            .softness = 2});
    const Point nucleus = {0, middle.y + draws.uniform(-0.2, 0.2) * size_of,
                           middle.x + draws.uniform(-0.2, 0.2) * size_of};
    const Surface envelope =
        bumpy(ellipsoid(nucleus, {1, 0.4 * size_of * aspect, 0.45 * size_of}, angle), draws, 14,
              0.03 * size_of);
    scene.bodies.push_back({.distance = envelope,
                            .middle = nucleus,
                            .reach = size_of,
                            .value = glow + draws.uniform(0.25, 0.4),
                            .label = 2,
                            .texture = 0.05});
  }
  return scene;
}

// A belly in CT, from the liver's dome to the kidneys' lower ends; seen from below, so that the
// liver is on the left.
Scene organs(const SceneSize& size, Draws& draws) {
  Scene scene{.size = size, .background = 0};
  const auto vary = [&](double value) { return value * draws.uniform(0.9, 1.1); };
  const auto add = [&](const Point& middle, const Point& radii, double value, int label,
                       double bumps = 0.03, double angle = 0) {
    const Point r = {vary(radii.z), vary(radii.y), vary(radii.x)};
    const Point at = {middle.z + draws.uniform(-0.05, 0.05), middle.y + draws.uniform(-0.03, 0.03),
                      middle.x + draws.uniform(-0.03, 0.03)};
    scene.bodies.push_back({.distance = bumpy(ellipsoid(at, r, angle), draws, 6, bumps),
                            .middle = at,
                            .reach = std::max({r.z, r.y, r.x}) + 4 * bumps,
                            .value = value,
                            .label = label,
                            .texture = 0.012});
  };
  const double z = 4;  // longer than the volume
  add({0, 0, 0}, {z, 0.74, 0.92}, 0.34, 0, 0.02);
  add({0, 0.02, 0}, {z, 0.64, 0.82}, 0.42, 0, 0.02);
  add({0, -0.08, 0}, {z, 0.5, 0.7}, 0.36, 0, 0.03);  // fat around the bowels
  for (int i = 0; i < 12; ++i) {
    add({draws.uniform(-0.9, 1), draws.uniform(-0.4, 0.1), draws.uniform(-0.1, 0.5)},
        {0.3, 0.1, 0.12}, draws.uniform(0.4, 0.48), 0, 0.02);
  }
  const double contrast = draws.uniform(0, 0.06);
  add({-0.35, -0.08, -0.36}, {0.75, 0.42, 0.36}, 0.53 + contrast, 1, 0.05, 0.3);  // liver
  add({-0.35, 0.16, 0.58}, {0.45, 0.24, 0.13}, 0.55 + contrast, 3, 0.02, -0.3);   // spleen
  for (const double side : {-1.0, 1.0}) {                                         // kidneys
    add({0.35, 0.27, side * 0.4}, {0.5, 0.15, 0.12}, 0.58 + 2 * contrast, 2, 0.015, side * 0.5);
  }
  add({0, 0.17, -0.06}, {z, 0.06, 0.06}, 0.5 + 3 * contrast, 0, 0.005);  // aorta
  add({0, 0.4, 0}, {z, 0.15, 0.18}, 0.72, 4, 0.02);                      // spine
  add({0, 0.41, 0}, {z, 0.1, 0.13}, 0.62, Body::kNoLabel, 0.02);
  add({0, 0.58, 0}, {z, 0.05, 0.06}, 0.45, Body::kNoLabel, 0.01);
  return scene;
}

}  // namespace

const std::vector<PhantomKind>& phantom_kinds() {
  static const std::vector<PhantomKind> all = {
      {"vertebrae",
       "a spine from the side, as in MR",
       {"background", "vertebra", "disc", "canal"},
       false,
       vertebrae},
      {"vessels", "vessels at the back of an eye", {"background", "vessel"}, false, vessels},
      {"cells",
       "cells under a fluorescence microscope",
       {"background", "cell", "nucleus"},
       false,
       cells},
      {"organs",
       "a belly as in CT, a volume",
       {"background", "liver", "kidney", "spleen", "spine"},
       true,
       organs},
  };
  return all;
}

const PhantomKind& find_phantom(const std::string& name) {
  std::vector<std::string> names;
  for (const PhantomKind& kind : phantom_kinds()) {
    if (kind.name == name) return kind;
    names.emplace_back(kind.name);
  }
  fail("data: there is no phantom '" + name + "'; " + suggest(name, names));
}

Phantom make_phantom(const PhantomKind& kind, const PhantomOptions& o, int64_t number) {
  constexpr int64_t kLeast = 16, kMost = 1 << 12, kMostVoxels = int64_t{1} << 28;
  const SceneSize& size = o.size;
  require(size.depth >= 1 && std::min(size.height, size.width) >= kLeast &&
              std::max({size.depth, size.height, size.width}) <= kMost &&
              size.voxels() <= kMostVoxels,
          "data: the size must be between {} and {} along each axis, and {} voxels in all, got "
          "{}x{}x{}",
          kLeast, kMost, kMostVoxels, size.depth, size.height, size.width);
  require(kind.is_volume || size.depth == 1,
          "data: {} are pictures, so the depth must be 1, got {}", kind.name, size.depth);
  require(o.noise >= 0 && o.bias >= 0 && o.bias < 1,
          "data: noise must not be negative and bias lie in [0, 1), got {} and {}", o.noise,
          o.bias);
  constexpr int64_t kMostRaters = 20;
  require(o.raters >= 0 && o.raters <= kMostRaters, "data: raters must lie in [0, {}], got {}",
          kMostRaters, o.raters);

  // What is drawn does not depend on who draws the mask, nor on noise.
  const auto draws = [&](uint32_t purpose) {
    return Draws(o.seed, static_cast<uint32_t>(number), purpose);
  };
  enum : uint32_t { anatomy_stream, texture_stream, artefact_stream, first_rater };
  Draws anatomy = draws(anatomy_stream), texture = draws(texture_stream),
        artefacts = draws(artefact_stream);
  const Scene scene = kind.draw(size, anatomy);
  Phantom phantom{size, scene.brightness(texture), scene.labels(), {}};
  add_artefacts_(phantom.image, scene, artefacts, o.bias, o.noise);
  for (int64_t r = 0; r < o.raters; ++r) {
    Draws rater = draws(first_rater + static_cast<uint32_t>(r));
    constexpr double kError = 0.006;  // of the shorter side
    const double error = kError * 2 * scene.pixels_per_unit() * rater.uniform(0.5, 1.5);
    phantom.raters.push_back(scene.labels_with_error(rater, error));
  }
  return phantom;
}

}  // namespace tessera::io
