#include "io/phantom_scene.h"

#include <algorithm>
#include <cmath>

namespace tessera::io {

namespace {

double length(double z, double y, double x) {
  return std::sqrt(z * z + y * y + x * x);
}

// y and x turned by -angle.
Point turned(const Point& p, double angle) {
  const double c = std::cos(angle), s = std::sin(angle);
  return {p.z, c * p.y - s * p.x, s * p.y + c * p.x};
}

Point minus(const Point& a, const Point& b) {
  return {a.z - b.z, a.y - b.y, a.x - b.x};
}

// Calls f(index, point) for the voxels that a body may reach.
template <class F>
void for_reach(const Scene& scene, const Body& body, double margin, F&& f) {
  const SceneSize& size = scene.size;
  const double shorter = static_cast<double>(std::min(size.height, size.width));
  const auto range = [&](double middle, int64_t extent, double half) {
    const double centre = middle * half + static_cast<double>(extent) / 2;
    const double reach = (body.reach + margin) * half + 1;
    return std::pair(std::max<int64_t>(0, static_cast<int64_t>(centre - reach)),
                     std::min(extent, static_cast<int64_t>(std::max(0.0, centre + reach)) + 1));
  };
  const auto [d0, d1] = range(body.middle.z, size.depth, static_cast<double>(size.depth) / 2);
  const auto [h0, h1] = range(body.middle.y, size.height, shorter / 2);
  const auto [w0, w1] = range(body.middle.x, size.width, shorter / 2);
  for (int64_t d = d0; d < d1; ++d) {
    for (int64_t h = h0; h < h1; ++h) {
      for (int64_t w = w0; w < w1; ++w) {
        f(static_cast<size_t>((d * size.height + h) * size.width + w), scene.point(d, h, w));
      }
    }
  }
}

}  // namespace

SmoothField::SmoothField(Draws& draws, int cells) : cells_(cells) {
  const auto knots = static_cast<size_t>(cells) + 1;
  knots_.resize(knots * knots * knots);
  for (float& knot : knots_) knot = static_cast<float>(draws.normal());
}

double SmoothField::at(const Point& p) const {
  // Half as wide again as the picture, so that displaced points and long sides are within.
  constexpr double kHalf = 1.5;
  int64_t low[3];
  double part[3];
  const double place[] = {p.z, p.y, p.x};
  for (int axis = 0; axis < 3; ++axis) {
    const double x = std::clamp((place[axis] / kHalf + 1) / 2, 0.0, 1.0) * cells_;
    low[axis] = std::min(static_cast<int64_t>(x), static_cast<int64_t>(cells_) - 1);
    const double t = x - static_cast<double>(low[axis]);
    part[axis] = t * t * (3 - 2 * t);
  }
  double sum = 0;
  for (int corner = 0; corner < 8; ++corner) {
    double weight = 1;
    int64_t index = 0;
    for (int axis = 0; axis < 3; ++axis) {
      const int up = corner >> axis & 1;
      weight *= up == 1 ? part[axis] : 1 - part[axis];
      index = index * (cells_ + 1) + low[axis] + up;
    }
    sum += weight * knots_[static_cast<size_t>(index)];
  }
  constexpr double kGain = 1.6;  // interpolation between knots makes the numbers smaller
  return kGain * sum;
}

std::function<double(const Point&)> ellipsoid(const Point& middle, const Point& radii,
                                              double angle) {
  return [=](const Point& p) {
    const Point q = turned(minus(p, middle), angle);
    const double ratio = length(q.z / radii.z, q.y / radii.y, q.x / radii.x);
    const double slope =
        length(q.z / (radii.z * radii.z), q.y / (radii.y * radii.y), q.x / (radii.x * radii.x));
    // The first order of Taylor: exact on the surface, and of the right sign everywhere.
    return slope > 0 ? ratio * (ratio - 1) / slope : -std::min({radii.z, radii.y, radii.x});
  };
}

std::function<double(const Point&)> rounded_box(const Point& middle, double height, double width,
                                                double corner, double angle) {
  return [=](const Point& p) {
    const Point q = turned(minus(p, middle), angle);
    const double y = std::abs(q.y) - height / 2 + corner, x = std::abs(q.x) - width / 2 + corner;
    return length(0, std::max(y, 0.0), std::max(x, 0.0)) + std::min(std::max(y, x), 0.0) - corner;
  };
}

std::function<double(const Point&)> tube(const Point& from, const Point& to, double from_radius,
                                         double to_radius) {
  return [=](const Point& p) {
    const Point a = minus(p, from), b = minus(to, from);
    const double square = b.z * b.z + b.y * b.y + b.x * b.x;
    const double along = a.z * b.z + a.y * b.y + a.x * b.x;
    const double t = square > 0 ? std::clamp(along / square, 0.0, 1.0) : 0;
    return length(a.z - t * b.z, a.y - t * b.y, a.x - t * b.x) - from_radius -
           t * (to_radius - from_radius);
  };
}

Point Scene::point(int64_t d, int64_t h, int64_t w) const {
  const double shorter = static_cast<double>(std::min(size.height, size.width));
  const auto place = [](int64_t i, int64_t extent, double whole) {
    return (2 * static_cast<double>(i) + 1 - static_cast<double>(extent)) / whole;
  };
  return {place(d, size.depth, static_cast<double>(size.depth)), place(h, size.height, shorter),
          place(w, size.width, shorter)};
}

double Scene::pixels_per_unit() const {
  return static_cast<double>(std::min(size.height, size.width)) / 2;
}

std::vector<float> Scene::brightness(Draws& draws) const {
  constexpr int kTextureCells = 40;
  const SmoothField texture(draws, kTextureCells);
  std::vector<float> image(static_cast<size_t>(size.voxels()), static_cast<float>(background));
  const double scale = pixels_per_unit();
  for (const Body& body : bodies) {
    for_reach(*this, body, body.softness / scale, [&](size_t i, const Point& p) {
      const double covered = std::clamp(0.5 - body.distance(p) * scale / body.softness, 0.0, 1.0);
      if (covered == 0) return;
      const double value =
          body.texture == 0 ? body.value : body.value + body.texture * texture.at(p);
      image[i] += static_cast<float>(covered * (value - image[i]));
    });
  }
  return image;
}

std::vector<uint8_t> Scene::labels(const Displacement& displaced, double grown) const {
  std::vector<uint8_t> labels(static_cast<size_t>(size.voxels()), 0);
  constexpr double kFarthest = 0.2;  // that a displacement may reach
  for (const Body& body : bodies) {
    if (body.label == Body::kNoLabel) continue;
    for_reach(*this, body, displaced ? kFarthest : 0, [&](size_t i, const Point& p) {
      if (body.distance(displaced ? displaced(p) : p) < grown)
        labels[i] = static_cast<uint8_t>(body.label);
    });
  }
  return labels;
}

std::vector<uint8_t> Scene::labels() const {
  return labels({}, 0);
}

std::vector<uint8_t> Scene::labels_with_error(Draws& draws, double error) const {
  constexpr int kCells = 12;
  const double step = error / pixels_per_unit();
  const double grown = 0.5 * step * draws.normal();
  const SmoothField down(draws, kCells), right(draws, kCells);
  return labels(
      [&](const Point& p) -> Point {
        return {p.z, p.y + step * down.at(p), p.x + step * right.at(p)};
      },
      grown);
}

void add_artefacts_(std::vector<float>& image, const Scene& scene, Draws& draws, double bias,
                    double noise) {
  constexpr int kCells = 2;
  const SmoothField field(draws, kCells);
  size_t i = 0;
  for (int64_t d = 0; d < scene.size.depth; ++d) {
    for (int64_t h = 0; h < scene.size.height; ++h) {
      for (int64_t w = 0; w < scene.size.width; ++w, ++i) {
        const double factor = 1 + bias * std::clamp(field.at(scene.point(d, h, w)) / 2, -1.0, 1.0);
        image[i] =
            static_cast<float>(std::clamp(image[i] * factor + noise * draws.normal(), 0.0, 1.0));
      }
    }
  }
}

}  // namespace tessera::io
