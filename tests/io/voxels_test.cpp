#include "io/voxels.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/deflate.h"

using namespace tessera;
using io::ElementType;
using Kind = ElementType::Kind;

TEST_SUITE("io/voxels") {
  TEST_CASE("layouts of arrays whose fastest axis is first") {
    const auto check = [](const Shape& extents, int channels, const Shape& shape,
                          const Shape& strides) {
      const io::Layout layout = io::voxel_layout(extents, channels);
      CHECK(layout.shape == shape);
      CHECK(layout.strides == strides);
    };
    check({4, 3, 2}, -1, {2, 3, 4}, {12, 4, 1});
    check({4, 3, 2, 1, 1}, -1, {2, 3, 4}, {12, 4, 1});
    check({4, 3, 1, 5}, -1, {5, 1, 3, 4}, {12, 12, 4, 1});
    check({3, 4, 3, 2}, 0, {3, 2, 3, 4}, {1, 36, 12, 3});
    check({3, 4, 3}, 0, {3, 1, 3, 4}, {1, 0, 12, 3});
    check({4, 3, 2, 5}, 3, {5, 2, 3, 4}, {24, 12, 4, 1});
  }

  TEST_CASE("sizes are checked before memory is taken") {
    CHECK(io::voxel_bytes({4, 3}, {Kind::signed_integer, 2}, 24, "x") == 24);
    CHECK_THROWS_WITH_AS(io::voxel_bytes({4, 3}, {Kind::signed_integer, 2}, 23, "x"),
                         doctest::Contains("x is truncated"), Error);
    const int64_t huge = int64_t{1} << 62;
    CHECK_THROWS_AS(io::voxel_bytes({huge, huge}, {Kind::floating, 8}, ~uint64_t{0}, "x"), Error);
    CHECK_THROWS_AS(io::voxel_bytes({4, 0}, {Kind::floating, 8}, 24, "x"), Error);
    const std::string packed = io::deflate("abcd", io::Wrapping::gzip);
    CHECK(io::inflate_voxels(packed, 4, "x") == "abcd");
    CHECK(io::inflate_voxels(io::deflate("abcd", io::Wrapping::zlib), 4, "x") == "abcd");
    CHECK_THROWS_WITH_AS(io::inflate_voxels(packed, 5, "x"), doctest::Contains("1 bytes"), Error);
    CHECK_THROWS_AS(io::inflate_voxels(packed, uint64_t{1} << 40, "x"), Error);
  }

  TEST_CASE("voxels as text, and back to the type they were stored in") {
    const io::Layout layout = io::voxel_layout({2, 1});
    const io::Volume volume = io::parse_volume("-3 70", {Kind::signed_integer, 1}, layout, {}, "x");
    CHECK(volume.voxels.dtype() == i32);
    CHECK(volume.voxels.to_vector<double>() == std::vector<double>{-3, 70});
    CHECK(io::raw_voxels(volume).bytes == std::string("\xfd\x46"));
    CHECK_THROWS_AS(io::parse_volume("1 300", {Kind::signed_integer, 1}, layout, {}, "x"), Error);
    CHECK(io::parse_volume("0.5 nan", {Kind::floating, 4}, layout, {}, "x").voxels.dtype() == f32);
    // One that does not fit: all stay as they are.
    const ElementType u2{Kind::unsigned_integer, 2};
    CHECK(io::raw_voxels({tensor({1, 65535}, {1, 2}, i32), {}, u2}).type == u2);
    CHECK(io::raw_voxels({tensor({-1, 5}, {1, 2}, i32), {}, u2}).type.size == 4);
    CHECK(io::raw_voxels({tensor({1, 0}, {1, 2}, bool_)}).bytes == std::string("\1\0", 2));
    CHECK(io::raw_voxels({tensor({1.5}, {1, 1}, f16)}).type == ElementType::of(f32));
    CHECK(io::raw_voxels({tensor({1.5}, {1, 1}), {}, u2}).type == ElementType::of(f32));
  }

  TEST_CASE("endings") {
    CHECK(io::has_ending("set/A.NII.gz", {".nii", ".nii.gz"}));
    CHECK_FALSE(io::has_ending("set.gz/a", {".gz"}));
  }
}
