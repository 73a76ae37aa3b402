#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "io/draws.h"

namespace tessera::io {

// A place in a picture or volume. The middle is 0; y and x reach from -1 to 1 along the shorter of
// height and width, and z from -1 to 1 along the depth.
struct Point {
  double z = 0, y = 0, x = 0;
};

// Smooth random numbers over a scene, about as many hills and valleys along each axis as `cells`,
// with mean 0 and roughly standard deviation 1.
class SmoothField {
 public:
  SmoothField(Draws& draws, int cells);
  double at(const Point& p) const;

 private:
  int cells_;
  std::vector<float> knots_;  // [cells + 1, cells + 1, cells + 1]
};

// Something in a scene. Lengths are in the unit of y and x.
struct Body {
  // About the distance of a point from the surface, below 0 inside.
  std::function<double(const Point&)> distance;
  Point middle = {};
  double reach = 4;     // no point of the body is farther from the middle, in y, x, or z
  double value = 0.5;   // brightness
  int label = 0;        // the class; kNoLabel leaves the mask as it is
  double texture = 0;   // how much the brightness varies within
  double softness = 1;  // width of the edge in pixels; 1 is the sharpest without stairs

  static constexpr int kNoLabel = -1;
};

// Surfaces. Angles in radians, from x towards y.
std::function<double(const Point&)> ellipsoid(const Point& middle, const Point& radii,
                                              double angle = 0);
std::function<double(const Point&)> rounded_box(const Point& middle, double height, double width,
                                                double corner, double angle);  // for all z
// The hull of two balls.
std::function<double(const Point&)> tube(const Point& from, const Point& to, double from_radius,
                                         double to_radius);

struct SceneSize {
  int64_t depth = 1, height = 0, width = 0;
  int64_t voxels() const { return depth * height * width; }
};

// Bodies, of which later ones cover earlier ones.
struct Scene {
  SceneSize size;
  double background = 0;  // brightness where there is no body
  std::vector<Body> bodies = {};

  Point point(int64_t d, int64_t h, int64_t w) const;  // of the centre of a voxel
  double pixels_per_unit() const;

  // Brightness [depth, height, width]; edges take the share of each pixel that a body covers.
  std::vector<float> brightness(Draws& draws) const;
  // The class of the last body that the centre of a voxel lies in, [depth, height, width].
  std::vector<uint8_t> labels() const;
  // The same as somebody else may draw it: edges are moved by about `error` pixels, here more and
  // there less, and all together.
  std::vector<uint8_t> labels_with_error(Draws& draws, double error) const;

 private:
  using Displacement = std::function<Point(const Point&)>;
  std::vector<uint8_t> labels(const Displacement& displaced, double grown) const;
};

// What a scanner adds: a smooth factor between about 1 - bias and 1 + bias, then normally
// distributed noise. The result is cut to [0, 1].
void add_artefacts_(std::vector<float>& image, const Scene& scene, Draws& draws, double bias,
                    double noise);

}  // namespace tessera::io
