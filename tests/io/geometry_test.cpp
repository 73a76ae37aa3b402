#include "io/geometry.h"

#include <limits>

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;
using io::Geometry;

namespace {

Geometry geometry(const io::FileAxes& axes, io::World world = io::World::ras) {
  return io::geometry_of(axes, world, "test");
}

}  // namespace

TEST_SUITE("io/geometry") {
  TEST_CASE("axes of a file and back") {
    const io::FileAxes axes{{{{0, 2, 0}, {0, 0, 3}, {4, 0, 3}}}, {10, 20, 30}};
    const Geometry ras = geometry(axes);
    CHECK(ras.spacing == io::Vector3{5, 3, 2});
    CHECK(ras.affine == io::Matrix4{4, 0, 0, 10, 0, 0, 2, 20, 3, 3, 0, 30, 0, 0, 0, 1});
    const Geometry lps = geometry(axes, io::World::lps);
    CHECK(lps.affine == io::Matrix4{-4, 0, 0, -10, 0, 0, -2, -20, 3, 3, 0, 30, 0, 0, 0, 1});
    CHECK(geometry(axes, io::World::las).affine[7] == 20);
    for (const io::World world : {io::World::ras, io::World::lps, io::World::las}) {
      CHECK(geometry(io::file_axes(ras, world), world) == ras);
    }
    CHECK(geometry({}) == Geometry());
    CHECK_THROWS_WITH_AS(geometry({{}, {0, std::numeric_limits<double>::infinity(), 0}}),
                         doctest::Contains("must be finite, got inf"), Error);
  }

  TEST_CASE("codes of axes are those of nibabel") {
    CHECK(io::axis_codes({}) == "RAS");
    CHECK(io::axis_codes(geometry({}, io::World::lps)) == "LPS");
    CHECK(io::axis_codes(geometry({{{{0, -2, 0}, {0, 0, -3}, {4, 0, 0}}}, {}})) == "PIR");
    // Turned by less and by more than 45 degrees.
    CHECK(io::axis_codes(geometry({{{{0.8, 0.6, 0}, {-0.6, 0.8, 0}, {0, 0, 5}}}, {}})) == "RAS");
    CHECK(io::axis_codes(geometry({{{{0.6, 0.8, 0}, {-0.8, 0.6, 0}, {0, 0, 5}}}, {}})) == "ALS");
    // Sheared so that two axes are closest to the patient's right.
    CHECK(io::axis_codes(geometry({{{{3, 1, 0}, {3, -2.5, 0}, {0, 0, 1}}}, {}})) == "RPS");
    CHECK_THROWS_WITH_AS(io::axis_codes(geometry({{{{1, 0, 0}, {2, 0, 0}, {0, 0, 1}}}, {}})),
                         doctest::Contains("no inverse"), Error);
  }

  TEST_CASE("inverse and product") {
    const io::Matrix4 affine = {0, 0, -1.5, 90, 0, 2, 0.5, -126, 3, 0.25, 0, -72, 0, 0, 0, 1};
    const io::Matrix4 one = io::multiply(io::inverse(affine, "test"), affine);
    for (size_t i = 0; i < 16; ++i) CHECK(one[i] == doctest::Approx(i % 5 == 0 ? 1 : 0));
    CHECK(io::normal_of({2, 0, 0}, {0, 3, 0}) == io::Vector3{0, 0, 1});
    CHECK(io::normal_of({1, 0, 0}, {2, 0, 0}) == io::Vector3{0, 0, 1});
  }
}
