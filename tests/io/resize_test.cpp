#include "io/resize.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;

TEST_SUITE("io/resize") {
  TEST_CASE("images and masks are those that PyTorch resizes") {
    const Oracle oracle("resize");
    for (const std::string what : {"5x7 to 5x14", "5x7 to 13x3", "9x4 to 2x9", "16x16 to 5x5",
                                   "3x3 to 1x1", "1x1 to 4x3", "12x10 to 6x5"}) {
      CAPTURE(what);
      const Tensor x = oracle(what + "/image"), y = oracle(what + "/resized image");
      Image image(x.shape(0), x.shape(1), x.shape(2));
      image.pixels = x.to_vector<float>();
      const Image resized = resize(image, y.shape(1), y.shape(2));
      check_close(tensor<float>(resized.pixels, y.shape()), y, 1e-6);

      const Tensor labels = oracle(what + "/mask"), expected = oracle(what + "/resized mask");
      LabelMap mask(labels.shape(0), labels.shape(1));
      mask.labels = labels.to_vector<int32_t>();
      CHECK(resize(mask, y.shape(1), y.shape(2)).labels == expected.to_vector<int32_t>());
    }
  }

  TEST_CASE("the same size changes nothing, and constants stay constant") {
    Image image(1, 3, 5, 0.25F);
    image.at(0, 1, 1) = 1;
    CHECK(resize(image, 3, 5) == image);
    const Image constant = resize(Image(3, 7, 11, 0.7F), 20, 3);
    for (const float x : constant.pixels) CHECK(x == doctest::Approx(0.7));
  }

  TEST_CASE("an empty size is an error") {
    CHECK_THROWS_WITH_AS(resize(Image(1, 2, 2), 0, 3),
                         "resize: height and width must be positive, got 0x3", Error);
    CHECK_THROWS_AS(resize(LabelMap(2, 2), 2, -1), Error);
  }

  TEST_CASE("slices of a volume are resized one by one") {
    Image volume(2, {2, 3, 4});
    LabelMap mask(Extent{2, 3, 4});
    for (size_t i = 0; i < volume.pixels.size(); ++i) volume.pixels[i] = static_cast<float>(i * i);
    for (size_t i = 0; i < mask.labels.size(); ++i) mask.labels[i] = static_cast<int32_t>(i);
    CHECK(slice(resize(volume, 5, 2), 1) == resize(slice(volume, 1), 5, 2));
    CHECK(slice(resize(mask, 5, 2), 1) == resize(slice(mask, 1), 5, 2));
  }
}
