#include "io/resample_volume.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/settings.h"
#include "tests/oracle.h"

using namespace tessera;
using io::Interpolation;
using io::SpacingRule;
using io::Vector3;
using io::Volume;

namespace {

Vector3 spacing_of(const Tensor& x) {
  const std::vector<double> values = x.to_vector<double>();
  return {values[0], values[1], values[2]};
}

Volume volume_of(const Tensor& voxels, const Vector3& spacing) {
  Volume volume{voxels};
  volume.geometry.spacing = spacing;
  volume.geometry.affine = {0,          0, spacing[2], 5, 0, spacing[1], 0, 4,
                            spacing[0], 0, 0,          3, 0, 0,          0, 1};
  return volume;
}

void check_labels(const Tensor& got, const Tensor& expected) {
  REQUIRE(got.shape() == expected.shape());
  const std::vector<int32_t> a = got.to_vector<int32_t>(), b = expected.to_vector<int32_t>();
  int64_t different = 0;
  for (size_t i = 0; i < b.size(); ++i) different += a[i] == b[i] ? 0 : 1;
  CHECK(different == 0);
}

constexpr double kExact = 3e-6;  // ours is f32, the others f64

}  // namespace

TEST_SUITE("io/resample_volume") {
  TEST_CASE("the voxels of nnU-Net and MONAI") {
    const testing::Oracle oracle("resample_volume");
    for (const std::string what :
         {"finer", "coarser", "doubled", "thick slices", "thick target", "thin", "one slice"}) {
      CAPTURE(what);
      const auto recorded = [&](const char* key) { return oracle(what + "/" + key); };
      const Vector3 spacing = spacing_of(recorded("new spacing"));
      const Vector3 old = spacing_of(recorded("spacing"));
      const Volume image = volume_of(recorded("image"), old);
      const Volume labels = volume_of(recorded("labels"), old);
      testing::check_close(resample_image(image, spacing).voxels, recorded("nnunet image"), kExact);
      testing::check_close(
          resample_image(image, spacing, {.interpolation = Interpolation::linear}).voxels,
          recorded("nnunet linear"), kExact);
      check_labels(resample_labels(labels, spacing).voxels, recorded("nnunet labels"));

      const io::SpacingOptions monai{.rule = SpacingRule::monai};
      const Volume linear = resample_image(image, spacing, monai);
      testing::check_close(linear.voxels, recorded("monai image"), kExact);
      check_labels(resample_labels(labels, spacing, monai).voxels, recorded("monai labels"));
      // MONAI's axes are x, y, z = d, h, w here; ours go to z, y, x.
      const std::vector<double> affine = recorded("monai affine").to_vector<double>();
      for (size_t axis = 0; axis < 3; ++axis) {
        const size_t row = 2 - axis;
        CHECK(linear.geometry.affine[4 * row + axis] == doctest::Approx(affine[5 * axis]));
        CHECK(linear.geometry.affine[4 * row + 3] == doctest::Approx(affine[4 * axis + 3]));
        CHECK(linear.geometry.spacing[axis] == doctest::Approx(affine[5 * axis]));
      }
    }
  }

  TEST_CASE("nnU-Net's rule keeps the extent in space") {
    Volume volume = volume_of(tensor({1, 2, 3, 4, 5, 6}, {1, 2, 3}), {4, 3, 2});
    const Volume result = resample_image(volume, {0, 2, 1.9});
    CHECK(result.voxels.shape() == Shape{1, 3, 3});
    CHECK(result.geometry.spacing == Vector3{4, 2, 2});
    // The first voxels begin at the same border: 4 - 3 / 2 = 3.5 - 2 / 2.
    CHECK(result.geometry.affine == io::Matrix4{0, 0, 2, 5, 0, 2, 0, 3.5, 4, 0, 0, 3, 0, 0, 0, 1});
    const Volume same = resample_image(volume, {0, 0, 0});
    CHECK(same.geometry == volume.geometry);
    CHECK(same.voxels.to_vector<float>() == volume.voxels.to_vector<float>());
  }

  TEST_CASE("pictures, channels and thread counts") {
    const Volume picture{tensor({0, 1, 2, 3}, {2, 2})};
    CHECK(resample_image(picture, {9, 0.5, 2}).voxels.shape() == Shape{4, 1});
    std::vector<float> values(2 * 3 * 20 * 24);
    for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<float>(i));
    const Volume channels{tensor<float>(values, {2, 3, 20, 24})};
    const Volume result = resample_image(channels, {1.3, 0.7, 0.9});
    CHECK(result.voxels.shape() == Shape{2, 2, 29, 27});
    const int threads = num_threads();
    set_num_threads(threads == 1 ? 3 : 1);
    CHECK(resample_image(channels, {1.3, 0.7, 0.9}).voxels.to_vector<float>() ==
          result.voxels.to_vector<float>());
    set_num_threads(threads);
    // One channel alone gives the same.
    const Volume one{tensor<float>(std::span(values).first(3 * 20 * 24), {3, 20, 24})};
    const std::vector<float> alone = resample_image(one, {1.3, 0.7, 0.9}).voxels.to_vector<float>();
    const std::vector<float> both = result.voxels.to_vector<float>();
    CHECK(std::equal(alone.begin(), alone.end(), both.begin()));
  }

  TEST_CASE("labels keep what they are") {
    for (const DType dtype : {u8, i32, i64, f32}) {
      Volume labels{tensor({0, 7, 7, 3}, {1, 2, 2}, dtype)};
      labels.stored = io::ElementType{io::ElementType::Kind::signed_integer, 2};
      const Volume result = resample_labels(labels, {1, 0.4, 0.4});
      CHECK(result.voxels.dtype() == dtype);
      CHECK(result.stored == labels.stored);
      for (const double label : result.voxels.to_vector<double>()) {
        CHECK((label == 0 || label == 3 || label == 7));
      }
    }
  }

  TEST_CASE("back to the size of an image") {
    const Tensor scores = tensor({0, 1, 1, 0}, {2, 1, 1, 2});
    const Tensor larger = io::resize_image(scores, {1, 1, 4}, -1, Interpolation::linear);
    CHECK(larger.shape() == Shape{2, 1, 1, 4});
    CHECK(larger.to_vector<double>() == std::vector<double>{0, 0.25, 0.75, 1, 1, 0.75, 0.25, 0});
    const Tensor labels = tensor({0, 5}, {1, 1, 2}, u8);
    CHECK(io::resize_labels(labels, {2, 1, 4}, 0, Interpolation::linear).to_vector<double>() ==
          std::vector<double>{0, 0, 5, 5, 0, 0, 5, 5});
    CHECK(io::slicewise_axis({1, 1, 1}, {1, 3.1, 1}) == 1);
    CHECK(io::slicewise_axis({5, 1, 1}, {1, 3.1, 1}) == 0);
    CHECK(io::slicewise_axis({1, 5, 5}, {1, 1, 9}) == -1);
  }

  TEST_CASE("what cannot be") {
    const Volume volume{tensor({0.5}, {1, 1, 1})};
    const auto refused = [&](const Vector3& spacing, const char* reason) {
      CHECK_THROWS_WITH_AS(resample_image(volume, spacing), doctest::Contains(reason), Error);
    };
    refused({1, -1, 1}, "above 0");
    refused({1, std::nan(""), 1}, "above 0");
    refused({1e-12, 1, 1}, "choose a larger one");
    refused({1e-5, 1e-5, 1}, "choose a larger spacing");
    CHECK_THROWS_WITH_AS(resample_labels(volume, {1, 1, 1}), doctest::Contains("is this an image?"),
                         Error);
    CHECK_THROWS_AS(resample_image(Volume{tensor({1}, {1})}, {1, 1, 1}), Error);
  }
}
