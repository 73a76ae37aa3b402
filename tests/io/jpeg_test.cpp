#include "io/jpeg.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/picture.h"

using namespace tessera;
using namespace tessera::io;

TEST_SUITE("io/jpeg") {
  TEST_CASE("what is written is read again, the better the higher the quality") {
    for (const int64_t channels : {1, 3}) {
      Image image(channels, 24, 40);
      for (int64_t c = 0; c < channels; ++c)
        for (int64_t h = 0; h < 24; ++h)
          for (int64_t w = 0; w < 40; ++w)
            image.at(c, h, w) =
                static_cast<float>(0.5 + 0.4 * std::sin(0.3 * static_cast<double>(h + c * 5)) *
                                             std::cos(0.2 * static_cast<double>(w)));
      double last = 0.003;
      for (const int quality : {95, 50, 5}) {
        const Image read = through_jpeg(image, quality);
        CHECK(read.extent() == image.extent());
        CHECK(read.channels == channels);
        double error = 0;
        for (size_t i = 0; i < image.pixels.size(); ++i)
          error +=
              std::abs(read.pixels[i] - image.pixels[i]) / static_cast<double>(image.pixels.size());
        CHECK(error > 0);
        CHECK(error < (quality == 95 ? 0.02 : 0.2));
        CHECK(error > last * 0.5);
        last = error;
      }
      CHECK(encode_jpeg(image, 10).size() < encode_jpeg(image, 95).size());
      CHECK(decode_picture(encode_jpeg(image), "x").lossy);
    }
  }

  TEST_CASE("what is no picture is refused, NaN is black") {
    CHECK_THROWS_WITH_AS(encode_jpeg(Image(2, 4, 4)), doctest::Contains("got 2 channels"), Error);
    CHECK_THROWS_WITH_AS(encode_jpeg(Image(1, 4, 4), 0), doctest::Contains("from 1 to 100, got 0"),
                         Error);
    CHECK(through_jpeg(Image(1, 8, 8, NAN), 100) == Image(1, 8, 8, 0));
  }
}
