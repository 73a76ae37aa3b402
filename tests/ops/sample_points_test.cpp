#include "ops/sample_points.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/reduce.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

SAMPLES(sample_points) {
  const auto add = [&](const char* what, const Shape& x, const Shape& points,
                       const SamplePointsOptions& o) {
    list.push_back({what,
                    [o](const Tensors& t) { return sample_points(t[0], t[1], o); },
                    {uniform(x), uniform(points, -1.7, 3.9, 1)}});
  };
  add("a list of points", {2, 2, 3, 4}, {2, 3, 2}, {});
  add("one point", {1, 2, 4}, {1, 1}, {.filter = Filter::cubic});
  add("many axes of points", {1, 2, 3, 3}, {1, 2, 1, 2, 1, 2}, {.padding = GridPadding::border});
  // More channels than are worked on together.
  add("many channels", {1, 17, 2}, {1, 2, 1}, {});
}

TEST_SUITE("ops/sample_points") {
  TEST_CASE("coordinates are those of the elements, innermost axis first") {
    const Tensor x = tensor({0, 1, 2, 10, 11, 12}, {1, 1, 2, 3});
    const Tensor points = tensor({0, 0, 2, 1, 1.5, 0.5, 2.5, 0}, {1, 4, 2});
    CHECK(sample_points(x, points).to_vector<double>() == std::vector<double>{0, 12, 6.5, 1});
  }

  TEST_CASE("a chunk boundary does not show") {
    std::vector<double> line(1000);
    for (size_t i = 0; i < line.size(); ++i) line[i] = static_cast<double>(i);
    const Tensor x = tensor<double>(line, {1, 1, 1000}),
                 points = tensor<double>(line, {1, 1000, 1});
    CHECK(sample_points(x, points).to_vector<double>() == line);
    const Tensor dx = grad(sample_points(x, points), x);
    CHECK(sum(dx).item() == 1000);
  }

  TEST_CASE("linear sampling is what its definition says, inside and far outside") {
    for (const bool border : {false, true}) {
      const Shape extents = {5, 1, 7};
      const Tensor x = uniform({2, 3, 5, 1, 7}, -1, 1, 1), p = uniform({2, 301, 3}, -9, 12, 2);
      const auto values = x.data<double>(), at = p.data<double>();
      std::vector<double> expected;
      for (size_t plane = 0; plane < 6; ++plane) {
        for (size_t point = 0; point < 301; ++point) {
          double sum = 0;
          for (int64_t i = 0; i < extents.numel(); ++i) {
            const int64_t place[] = {i % 7, 0, i / 7};
            double weight = 1;
            for (size_t d = 0; d < 3; ++d) {
              const double last = static_cast<double>(extents[2 - static_cast<int>(d)] - 1);
              const double given = at[(plane / 3 * 301 + point) * 3 + d];
              const double c = border ? std::clamp(given, 0.0, last) : given;
              weight *= std::max(0.0, 1 - std::abs(c - static_cast<double>(place[d])));
            }
            sum += weight * values[plane * 35 + static_cast<size_t>(i)];
          }
          expected.push_back(sum);
        }
      }
      const Tensor reference = tensor<double>(expected, {2, 3, 301});
      const SamplePointsOptions o{.padding = border ? GridPadding::border : GridPadding::zeros};
      check_close(sample_points(x, p, o), reference, 1e-12);
      check_close(cast(sample_points(cast(x, f32), cast(p, f32), o), f64), reference, 1e-5);
    }
  }

  TEST_CASE("third derivatives of the cubic are constant") {
    const Tensor x = tensor({0, 1, 0, 0, 0}, {1, 1, 5}, f64), p = tensor({1.25}, {1, 1, 1}, f64);
    Tensor y = sample_points(x, p, {.filter = Filter::cubic});
    for (int i = 0; i < 3; ++i) y = grad(y, p);
    CHECK(y.item() == doctest::Approx(6 * 1.25));  // 6 (a + 2)
    CHECK(grad(y, p).item() == 0);
  }

  TEST_CASE("names what does not fit") {
    const Tensor x = uniform({2, 1, 3, 3});
    CHECK_THROWS_WITH_AS(
        sample_points(x, uniform({2, 4, 3})),
        doctest::Contains(
            "sample_points: points must be [2, *out, 2] for [2, 1, 3, 3], got [2, 4, 3]"),
        Error);
    CHECK_THROWS_AS(sample_points(x, uniform({1, 4, 2})), Error);
    CHECK_THROWS_AS(sample_points(Tensor(), uniform({2, 2})), Error);
    CHECK_THROWS_AS(sample_points(x, Tensor()), Error);
    CHECK_THROWS_AS(sample_points(x, uniform({2, 1, 1, 1, 1, 1, 1, 2})), Error);
    CHECK_THROWS_AS(sample_points(uniform({2, 1, 0, 3}), uniform({2, 2})), Error);
    CHECK_THROWS_AS(sample_points(x, uniform({2, 2}), {.filter = Filter::area}), Error);
    CHECK_THROWS_AS(sample_points(x, cast(uniform({2, 2}), f32)), Error);
  }
}
