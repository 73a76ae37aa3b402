#include "io/sample.h"

#include <cmath>
#include <numeric>

#include <doctest/doctest.h>

#include "tests/io/image_oracle.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;

namespace {

// One row 10, 20, 30, 40.
Image row() {
  Image image(1, 1, 4);
  image.pixels = {10, 20, 30, 40};
  return image;
}

}  // namespace

TEST_SUITE("io/sample") {
  TEST_CASE("whole steps copy pixels, half steps mix two") {
    CHECK(sample(row(), Affine{}, {1, 1, 4}, Border::zero) == row());
    CHECK(sample(row(), {.x0 = 1}, {1, 1, 3}, Border::zero).pixels ==
          std::vector<float>{20, 30, 40});
    CHECK(sample(row(), {.x0 = 0.5}, {1, 1, 3}, Border::zero).pixels ==
          std::vector<float>{15, 25, 35});
    CHECK(sample(row(), {.xx = -1, .x0 = 3}, {1, 1, 4}, Border::zero).pixels ==
          std::vector<float>{40, 30, 20, 10});
  }

  TEST_CASE("mirrored in place is what sampling gives") {
    Image image(2, Extent{3, 4, 5});
    std::iota(image.pixels.begin(), image.pixels.end(), 0.F);
    LabelMap mask(image.extent());
    std::iota(mask.labels.begin(), mask.labels.end(), 0);
    for (int axes = 0; axes < 8; ++axes) {
      const bool z = axes & 1, y = axes & 2, x = axes & 4;
      const Affine from{.zz = z ? -1. : 1,
                        .z0 = z ? 2. : 0,
                        .yy = y ? -1. : 1,
                        .y0 = y ? 3. : 0,
                        .xx = x ? -1. : 1,
                        .x0 = x ? 4. : 0};
      Image image_now = image;
      LabelMap mask_now = mask;
      CHECK((mirror_(image_now, from) && mirror_(mask_now, from)));
      CHECK(image_now == sample(image, from, image.extent(), Border::zero));
      CHECK(mask_now.labels == sample(mask, from, mask.extent(), Border::zero).labels);
    }
    for (const Affine& more : {Affine{.xx = -1}, Affine{.yy = 0.9}, Affine{.yx = 0.1}}) {
      Image same = image;
      CHECK_FALSE(mirror_(same, more));
      CHECK(same == image);
    }
  }

  TEST_CASE("outside is zero, the edge, or the mirrored image") {
    const Affine shift{.x0 = -2};
    using Pixels = std::vector<float>;
    CHECK(sample(row(), shift, {1, 1, 8}, Border::zero).pixels ==
          Pixels{0, 0, 10, 20, 30, 40, 0, 0});
    CHECK(sample(row(), shift, {1, 1, 8}, Border::edge).pixels ==
          Pixels{10, 10, 10, 20, 30, 40, 40, 40});
    CHECK(sample(row(), shift, {1, 1, 8}, Border::reflect).pixels ==
          Pixels{30, 20, 10, 20, 30, 40, 30, 20});
    CHECK(sample(row(), {.x0 = -7}, {1, 1, 2}, Border::reflect).pixels == Pixels{20, 10});
    CHECK(sample(Image(1, 1, 1, 5), {.y0 = 9, .x0 = -3}, {1, 1, 1}, Border::reflect).pixels ==
          Pixels{5});
  }

  TEST_CASE("masks take the nearest label, at the same places") {
    LabelMap mask(1, 4);
    mask.labels = {1, 2, 3, 4};
    using Labels = std::vector<int32_t>;
    CHECK(sample(mask, {.x0 = 0.4}, {1, 1, 4}, Border::zero).labels == Labels{1, 2, 3, 4});
    CHECK(sample(mask, {.x0 = 0.6}, {1, 1, 4}, Border::zero).labels == Labels{2, 3, 4, 0});
    CHECK(sample(mask, {.x0 = -2}, {1, 1, 8}, Border::reflect).labels ==
          Labels{3, 2, 1, 2, 3, 4, 3, 2});
  }

  TEST_CASE("places far outside, or nowhere, do no harm") {
    for (const double far : {1e300, -1e300}) {
      CHECK(sample(row(), {.y0 = far, .x0 = far}, {1, 1, 1}, Border::zero).pixels[0] == 0);
      CHECK(sample(row(), Affine{.x0 = far}, {1, 1, 1}, Border::edge).pixels[0] ==
            (far > 0 ? 40 : 10));
    }
  }

  TEST_CASE("volumes mix eight neighbours, or four where rows lie in a slice") {
    Image volume(1, {2, 2, 2});
    volume.pixels = {0, 1, 2, 3, 10, 11, 12, 13};
    const auto at = [&](double z, double y, double x, Border border) {
      return sample(volume, {.z0 = z, .y0 = y, .x0 = x}, {1, 1, 1}, border).pixels[0];
    };
    CHECK(at(0.5, 0.5, 0.5, Border::zero) == 6.5F);
    CHECK(at(1, 0.25, 0.5, Border::zero) == 11);
    CHECK(at(0.25, 1, 1, Border::zero) == 5.5F);
    CHECK(at(1.5, 0, 1, Border::zero) == 5.5F);
    CHECK(at(1.5, 0, 1, Border::edge) == 11);
    CHECK(at(1.75, 0, 1, Border::reflect) == 3.5F);
    CHECK(at(-2, 0, 0, Border::zero) == 0);
    CHECK(at(-1, 0, 0, Border::reflect) == 10);
    LabelMap mask(Extent{2, 2, 2});
    mask.labels = {1, 2, 3, 4, 5, 6, 7, 8};
    CHECK(sample(mask, {.z0 = 0.6, .y0 = 0.4, .x0 = 1}, {1, 1, 1}, Border::zero).labels[0] == 6);
    const Affine swap{.zz = 0, .zx = 1, .xz = 1, .xx = 0};  // z with x
    CHECK(sample(mask, swap, {2, 2, 2}, Border::zero).labels ==
          std::vector<int32_t>{1, 5, 3, 7, 2, 6, 4, 8});
    CHECK(sample(volume, swap, {2, 2, 2}, Border::zero).pixels ==
          std::vector<float>{0, 10, 2, 12, 1, 11, 3, 13});
  }

  TEST_CASE("rows may come from anywhere") {
    const PlacesOfRow bent = [](int64_t, int64_t, Places& places) {
      places.z = {0, 0, 0};
      places.y = {0, 0, NAN};
      places.x = {2.5, 0, 1};
    };
    CHECK(sample(row(), bent, {1, 1, 3}, Border::zero).pixels == std::vector<float>{35, 10, 0});
  }

  TEST_CASE("volumes as torch's grid_sample has them") {
    const Oracle oracle("augment");
    const Affine from{0.9, 0.2, -0.1, 0.3, -0.2, 1.1, 0.1, -0.4, 0.1, 0.1, 0.8, 0.2};
    const Image volume = recorded_image(oracle, "sample/volume");
    check_image(sample(volume, from, {4, 6, 8}, Border::zero), oracle("sample/sampled"));
  }

  TEST_CASE("mirrored, exchanged and moved axes are copied as they would be sampled") {
    Image volume(2, {3, 4, 5});
    LabelMap mask(volume.extent());
    for (size_t i = 0; i < volume.pixels.size(); ++i) volume.pixels[i] = static_cast<float>(i + 1);
    for (size_t i = 0; i < mask.labels.size(); ++i) mask.labels[i] = static_cast<int32_t>(i + 1);
    const Affine maps[] = {
        {.xx = -1, .x0 = 4},
        {.z0 = -1, .y0 = 2, .x0 = 1},
        {.zz = 0, .zx = 1, .z0 = -1, .yy = -1, .y0 = 3, .xz = -1, .xx = 0, .x0 = 3},
        {.zz = 0, .zy = 1, .yz = 0, .yy = 0, .yx = -1, .y0 = 2, .xz = 1, .xx = 0}};
    for (const Affine& map : maps) {
      for (const Border border : {Border::zero, Border::edge, Border::reflect}) {
        const PlacesOfRow rows = [&](int64_t d, int64_t h, Places& at) {
          for (size_t i = 0; i < at.x.size(); ++i) {
            const auto z = static_cast<double>(d), y = static_cast<double>(h),
                       x = static_cast<double>(i);
            at.z[i] = map.zz * z + map.zy * y + map.zx * x + map.z0;
            at.y[i] = map.yz * z + map.yy * y + map.yx * x + map.y0;
            at.x[i] = map.xz * z + map.xy * y + map.xx * x + map.x0;
          }
        };
        for (const Extent extent : {Extent{3, 4, 5}, Extent{5, 2, 7}}) {
          CHECK(sample(volume, map, extent, border) == sample(volume, rows, extent, border));
          CHECK(sample(mask, map, extent, border) == sample(mask, rows, extent, border));
        }
      }
    }
  }
}
