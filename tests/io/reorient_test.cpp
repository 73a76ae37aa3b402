#include "io/reorient.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/io/volume_samples.h"

using namespace tessera;
using io::Volume;

TEST_SUITE("io/reorient") {
  TEST_CASE("voxels move and stay where they are in the patient") {
    Volume volume = testing::example_volume(i32);  // LAS
    volume.geometry.affine[6] = 0.5;               // a little oblique
    volume.stored = io::ElementType{io::ElementType::Kind::signed_integer, 2};
    CHECK(io::axis_codes(volume.geometry) == "LAS");
    const auto place = [](const Volume& v, const std::array<int64_t, 3>& index) {
      io::Vector3 point;
      for (size_t row = 0; row < 3; ++row) {
        point[row] = v.geometry.affine[4 * row + 3];
        for (size_t axis = 0; axis < 3; ++axis) {
          point[row] += v.geometry.affine[4 * row + axis] * static_cast<double>(index[axis]);
        }
      }
      return point;
    };
    for (const char* codes : {"RAS", "LPS", "LAS", "SAR", "PIR", "ASL", "IRP"}) {
      CAPTURE(codes);
      const Volume result = io::reorient(volume, codes);
      CHECK(io::axis_codes(result.geometry) == codes);
      CHECK(result.stored == volume.stored);
      // Each voxel's value tells where it was.
      const std::vector<int32_t> values = result.voxels.to_vector<int32_t>();
      const Shape& shape = result.voxels.shape();
      size_t i = 0;
      for (int64_t d = 0; d < shape[0]; ++d) {
        for (int64_t h = 0; h < shape[1]; ++h) {
          for (int64_t w = 0; w < shape[2]; ++w) {
            const int32_t old = values[i++];
            const io::Vector3 is = place(result, {d, h, w});
            const io::Vector3 was = place(volume, {old / 6, old / 2 % 3, old % 2});
            for (size_t row = 0; row < 3; ++row) CHECK(is[row] == doctest::Approx(was[row]));
          }
        }
      }
      testing::check_equal(io::reorient(result, "LAS"), volume);
    }
  }

  TEST_CASE("by hand, with channels and every dtype") {
    for (const DType dtype : {u8, f16, f32, f64, bool_, i64}) {
      const Volume volume{tensor({0, 1, 1, 0, 0, 1, 0, 1}, {2, 1, 2, 2}, dtype)};
      const Volume flipped = io::reorient(volume, "LAS");
      CHECK(flipped.voxels.dtype() == dtype);
      CHECK(flipped.voxels.to_vector<double>() == std::vector<double>{1, 0, 0, 1, 1, 0, 1, 0});
      const Volume turned = io::reorient(volume, "SRA");
      CHECK(turned.voxels.shape() == Shape{2, 2, 2, 1});
      CHECK(turned.voxels.to_vector<double>() == std::vector<double>{0, 1, 1, 0, 0, 1, 0, 1});
    }
  }

  TEST_CASE("codes that are none") {
    const Volume volume = testing::example_volume();
    for (const char* codes : {"", "RA", "RAX", "RLS", "ras", "RASS"}) {
      CHECK_THROWS_WITH_AS(io::reorient(volume, codes), doctest::Contains("three letters"), Error);
    }
    CHECK_THROWS_AS(io::reorient({tensor({1}, {1, 1})}, "RAS"), Error);
  }
}
