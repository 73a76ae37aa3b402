#include "io/geometry.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"

namespace tessera::io {

namespace {

// What turns coordinates of `world` into RAS, and back.
Vector3 signs_of(World world) {
  return {world == World::ras ? 1. : -1., world == World::lps ? -1. : 1., 1};
}

Vector3 column_of(const Matrix4& affine, size_t column) {
  return {affine[column], affine[4 + column], affine[8 + column]};
}

// The rotation (or reflection) closest to the directions of the columns: the limit of
// R <- (R + R^-T) / 2, which is the orthogonal factor of the polar decomposition.
Matrix4 rotation_of(const Matrix4& affine, const std::string& name) {
  Matrix4 rotation = {};
  rotation[15] = 1;
  for (size_t column = 0; column < 3; ++column) {
    const Vector3 v = column_of(affine, column);
    for (size_t row = 0; row < 3; ++row) rotation[4 * row + column] = v[row] / length_of(v);
  }
  constexpr int kSteps = 12;  // it converges quadratically
  for (int step = 0; step < kSteps; ++step) {
    const Matrix4 back = inverse(rotation, name);
    for (size_t row = 0; row < 3; ++row) {
      for (size_t column = 0; column < 3; ++column) {
        double& value = rotation[4 * row + column];
        value = (value + back[4 * column + row]) / 2;
      }
    }
  }
  return rotation;
}

}  // namespace

Geometry geometry_of(const FileAxes& axes, World world, const std::string& name) {
  const Vector3 signs = signs_of(world);
  Geometry geometry;
  for (size_t axis = 0; axis < 3; ++axis) {
    const size_t column = 2 - axis;
    for (size_t row = 0; row < 3; ++row) {
      // Adding 0 turns -0 into 0.
      geometry.affine[4 * row + column] = axes.steps[axis][row] * signs[row] + 0;
      geometry.affine[4 * row + 3] = axes.origin[row] * signs[row] + 0;
    }
    const double length = length_of(axes.steps[axis]);
    geometry.spacing[column] = length > 0 ? length : 1;
  }
  for (const double value : geometry.affine) {
    require(std::isfinite(value), "{}: spacing, direction and origin must be finite, got {}", name,
            value);
  }
  return geometry;
}

FileAxes file_axes(const Geometry& geometry, World world) {
  const Vector3 signs = signs_of(world);
  FileAxes axes;
  for (size_t row = 0; row < 3; ++row) {
    for (size_t axis = 0; axis < 3; ++axis) {
      axes.steps[axis][row] = geometry.affine[4 * row + 2 - axis] * signs[row] + 0;
    }
    axes.origin[row] = geometry.affine[4 * row + 3] * signs[row] + 0;
  }
  return axes;
}

Vector3 normal_of(const Vector3& a, const Vector3& b) {
  Vector3 normal = {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2],
                    a[0] * b[1] - a[1] * b[0]};
  const double length = length_of(normal);
  if (!(length > 0)) return {0, 0, 1};
  for (double& value : normal) value /= length;
  return normal;
}

double length_of(const Vector3& v) {
  return std::hypot(v[0], v[1], v[2]);
}

std::string axis_codes(const Geometry& geometry) {
  Matrix4 rotation = rotation_of(geometry.affine, "axis_codes");
  const auto largest = [&](size_t column) {
    const Vector3 v = column_of(rotation, column);
    return std::max({std::abs(v[0]), std::abs(v[1]), std::abs(v[2])});
  };
  // The clearest axis chooses first. What remains of a tie is in the order of the file.
  std::array<size_t, 3> columns = {2, 1, 0};
  std::stable_sort(columns.begin(), columns.end(),
                   [&, first = std::array{largest(0), largest(1), largest(2)}](size_t a, size_t b) {
                     return first[a] > first[b];
                   });
  std::string codes = "...";
  for (const size_t column : columns) {
    const Vector3 v = column_of(rotation, column);
    size_t row = 0;
    for (size_t other = 1; other < 3; ++other) {
      if (std::abs(v[other]) > std::abs(v[row])) row = other;
    }
    codes[2 - column] = (v[row] < 0 ? "LPI" : "RAS")[row];
    for (size_t other = 0; other < 3; ++other) rotation[4 * row + other] = 0;
  }
  return codes;
}

Matrix4 multiply(const Matrix4& a, const Matrix4& b) {
  Matrix4 product = {};
  for (size_t i = 0; i < 4; ++i) {
    for (size_t j = 0; j < 4; ++j) {
      for (size_t k = 0; k < 4; ++k) product[4 * i + j] += a[4 * i + k] * b[4 * k + j];
    }
  }
  return product;
}

Matrix4 inverse(const Matrix4& affine, const std::string& name) {
  const auto at = [&](size_t row, size_t column) { return affine[4 * (row % 3) + column % 3]; };
  const auto minor_at = [&](size_t row, size_t column) {
    return at(row + 1, column + 1) * at(row + 2, column + 2) -
           at(row + 1, column + 2) * at(row + 2, column + 1);
  };
  const double determinant =
      at(0, 0) * minor_at(0, 0) + at(0, 1) * minor_at(0, 1) + at(0, 2) * minor_at(0, 2);
  double scale = 1;
  for (size_t column = 0; column < 3; ++column) scale *= length_of(column_of(affine, column));
  constexpr double kFlat = 1e-9;
  require(std::isfinite(determinant) && std::abs(determinant) > kFlat * scale,
          "{}: the axes of the volume lie in a plane: the affine has no inverse; give the file a "
          "correct one",
          name);
  Matrix4 result = {};
  result[15] = 1;
  for (size_t i = 0; i < 3; ++i) {
    for (size_t j = 0; j < 3; ++j) {
      result[4 * i + j] = minor_at(j, i) / determinant;
      result[4 * i + 3] -= result[4 * i + j] * affine[4 * j + 3];
    }
  }
  return result;
}

}  // namespace tessera::io
