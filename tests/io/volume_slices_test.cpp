#include "io/volume_slices.h"

#include <limits>

#include <doctest/doctest.h>

#include "core/cpu/parallel.h"
#include "core/error.h"
#include "io/nifti.h"
#include "ops/unary.h"
#include "tests/io/temporary_set.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;

namespace {

// Voxels [2, 3, 4] that count up from 0, in [C, 2, 3, 4] for more channels.
Volume counting(DType dtype, int64_t channels = 1) {
  std::vector<int32_t> values(static_cast<size_t>(24 * channels));
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<int32_t>(i);
  const Shape shape = channels == 1 ? Shape{2, 3, 4} : Shape{channels, 2, 3, 4};
  Volume volume{cast(tensor<int32_t>(values, shape), dtype).eval(), {}};
  return volume;
}

}  // namespace

TEST_SUITE("io/volume_slices") {
  TEST_CASE("slices across each axis are what indexing gives") {
    const Volume volume = counting(i32);
    const Image d = slice_image(volume, 0, 1, "x"), h = slice_image(volume, 1, 2, "x"),
                w = slice_image(volume, 2, 3, "x");
    CHECK(d.height == 3);
    CHECK(d.width == 4);
    CHECK(d.pixels == std::vector<float>{12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23});
    CHECK(h.pixels == std::vector<float>{8, 9, 10, 11, 20, 21, 22, 23});
    CHECK(w.height == 2);
    CHECK(w.pixels == std::vector<float>{3, 7, 11, 15, 19, 23});
    CHECK(slice_labels(volume, 2, 3, "x").labels == std::vector<int32_t>{3, 7, 11, 15, 19, 23});
    CHECK(slice_size(volume, 1, "x") == SliceSize{3, {1, 2, 4}});
    CHECK(slice_image(counting(u8), 0, 0, "x").pixels[5] == 5.0F / 255);
    CHECK(slice_image(counting(f16), 0, 0, "x").pixels[5] == 5.0F);
  }

  TEST_CASE("channels and flat pictures are sliced, too") {
    const Volume volume = counting(f32, 2);
    const Image image = slice_image(volume, 0, 1, "x");
    CHECK(image.channels == 2);
    CHECK(image.at(1, 0, 0) == 36);
    CHECK(slice_size(volume, 0, "x") == SliceSize{2, {2, 3, 4}});
    CHECK_THROWS_WITH_AS(slice_labels(volume, 0, 1, "x"), doctest::Contains("one channel, got 2"),
                         Error);
    const Volume flat{tensor({1, 2, 3, 4}, {2, 2}, i32), {}};
    CHECK(slice_size(flat, 0, "x") == SliceSize{1, {1, 2, 2}});
    CHECK(slice_labels(flat, 0, 0, "x").labels == std::vector<int32_t>{1, 2, 3, 4});
    CHECK_THROWS_WITH_AS(slice_image(flat, 0, 1, "x"), doctest::Contains("no slice 1"), Error);
    CHECK_THROWS_WITH_AS(slice_size({tensor({1, 2}, {2}, f32), {}}, 0, "x"),
                         doctest::Contains("must be a"), Error);
  }

  TEST_CASE("values that no picture or mask can hold are refused") {
    Volume volume{tensor({0, 0.5, 1, 2}, {1, 2, 2}, f32), {}};
    CHECK_THROWS_WITH_AS(slice_labels(volume, 0, 0, "m.nii"), doctest::Contains("m.nii holds 0.5"),
                         Error);
    volume.voxels = tensor({0, -1}, {1, 1, 2}, i32);
    CHECK_THROWS_WITH_AS(slice_labels(volume, 0, 0, "x"), doctest::Contains("holds -1"), Error);
    volume.voxels = tensor({0, std::numeric_limits<double>::quiet_NaN()}, {1, 1, 2}, f32);
    CHECK_THROWS_WITH_AS(slice_image(volume, 0, 0, "x"), doctest::Contains("must be finite"),
                         Error);
  }

  TEST_CASE("slices lie across the axis with the largest spacing") {
    Geometry geometry;
    CHECK(through_plane_axis(geometry) == 0);
    geometry.spacing = {1, 1.005, 1};
    CHECK(through_plane_axis(geometry) == 0);
    geometry.spacing = {1, 2, 4};
    CHECK(through_plane_axis(geometry) == 2);
    geometry.spacing = {3, 3, 1};
    CHECK(through_plane_axis(geometry) == 0);
  }

  TEST_CASE("geometries are compared where the corners are") {
    Geometry a, b;
    CHECK(geometry_distance(a, b, {2, 3, 4}) == 0);
    b.affine[3] = 1e-4;
    CHECK(geometry_distance(a, b, {2, 3, 4}) == doctest::Approx(1e-4));
    CHECK(same_geometry(a, b, {2, 3, 4}));
    b = {};
    b.affine[2] = 1.005;  // the spacing of w
    CHECK(geometry_distance(a, b, {2, 3, 101}) == doctest::Approx(0.5));
    CHECK(same_geometry(a, b, {2, 3, 2}));
    CHECK(!same_geometry(a, b, {2, 3, 101}));
  }

  TEST_CASE("the cache keeps what fits, the latest always, and shares what is being read") {
    const TemporaryFolder folder("volumes");
    for (const char* name : {"a.nii", "b.nii", "c.nii.gz"}) save_nifti(counting(u8), folder / name);
    folder.write("bad.nii", "no volume");
    VolumeCache cache(48);
    const auto a = cache.load(folder / "a.nii"), b = cache.load(folder / "b.nii");
    CHECK(cache.load(folder / "a.nii") == a);
    const auto c = cache.load(folder / "c.nii.gz");
    CHECK(cache.load(folder / "a.nii") == a);  // used after b
    CHECK(cache.load(folder / "b.nii") != b);
    CHECK_THROWS_AS(cache.load(folder / "bad.nii"), Error);
    save_nifti(counting(u8), folder / "bad.nii");
    CHECK(cache.load(folder / "bad.nii")->voxels.numel() == 24);  // mistakes are not kept

    VolumeCache small(1);
    const auto kept = small.load(folder / "a.nii");
    CHECK(small.load(folder / "a.nii") == kept);

    VolumeCache pair(1, 2);
    const auto image = pair.load(folder / "a.nii"), mask = pair.load(folder / "b.nii");
    CHECK(pair.load(folder / "a.nii") == image);
    CHECK(pair.load(folder / "b.nii") == mask);
    CHECK(pair.reads() == 2);

    std::vector<std::shared_ptr<const Volume>> all(64);
    VolumeCache shared(1000);
    cpu::parallel_for(64, false, [&](int64_t i) {
      all[static_cast<size_t>(i)] = shared.load(folder / (i % 2 == 0 ? "a.nii" : "b.nii"));
    });
    for (size_t i = 2; i < all.size(); ++i) CHECK(all[i] == all[i % 2]);
  }
}
