#include "io/fft.h"

#include <cmath>
#include <numbers>

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/draws.h"

using namespace tessera;
using namespace tessera::io;

TEST_SUITE("io/fft") {
  TEST_CASE("transforms of any length are the sums they stand for") {
    constexpr int64_t L = Fft::kLanes;
    for (const int64_t n : {1, 2, 3, 4, 5, 8, 12, 13, 17, 30, 49, 64, 77, 101, 143, 256, 302}) {
      const Fft fft(n);
      std::vector<float> re(static_cast<size_t>(n * L)), im = re;
      Draws draws(1, static_cast<uint32_t>(n));
      for (float& x : re) x = static_cast<float>(draws.uniform(-1, 1));
      for (float& x : im) x = static_cast<float>(draws.uniform(-1, 1));
      const std::vector<float> old_re = re, old_im = im;
      fft.forward_(re, im);
      double worst = 0;
      for (const int64_t lane : {int64_t{0}, L - 1}) {
        for (int64_t k = 0; k < n; ++k) {
          std::complex<double> sum = 0;
          for (int64_t j = 0; j < n; ++j) {
            const double angle =
                -2 * std::numbers::pi * static_cast<double>(j * k % n) / static_cast<double>(n);
            const auto at = static_cast<size_t>(j * L + lane);
            sum += std::complex<double>(old_re[at], old_im[at]) * std::polar(1.0, angle);
          }
          const auto at = static_cast<size_t>(k * L + lane);
          worst = std::max(worst, std::abs(sum - std::complex<double>(re[at], im[at])));
        }
      }
      CAPTURE(n);
      CHECK(worst < 1e-6 * std::sqrt(static_cast<double>(n)) * 10);
      fft.inverse_(re, im);
      for (size_t i = 0; i < re.size(); ++i)
        worst = std::max<double>(worst, std::abs(re[i] / static_cast<float>(n) - old_re[i]));
      CHECK(worst < 1e-5 * std::sqrt(static_cast<double>(n)));
    }
    CHECK_THROWS_AS(Fft(0), Error);
  }

  TEST_CASE("a response of one changes nothing, of frequency 0 leaves the mean") {
    for (int axis = 0; axis < 3; ++axis) {
      Image image(2, {3, 5, 7});
      Draws draws(2, 1);
      for (float& x : image.pixels) x = static_cast<float>(draws.uniform());
      const Image old = image;
      const int64_t n = axis == 0 ? 3 : axis == 1 ? 5 : 7;
      std::vector<float> response(static_cast<size_t>(n), 1.0F);
      filter_lines_(image, axis, response);
      for (size_t i = 0; i < old.pixels.size(); ++i)
        CHECK(image.pixels[i] == doctest::Approx(old.pixels[i]).epsilon(1e-5));
      std::fill(response.begin() + 1, response.end(), 0.0F);
      filter_lines_(image, axis, response);
      double mean = 0;
      for (int64_t i = 0; i < n; ++i)
        mean += (axis == 0   ? old.at(1, i, 2, 1)
                 : axis == 1 ? old.at(1, 2, i, 1)
                             : old.at(1, 2, 2, i)) /
                static_cast<double>(n);
      CHECK(image.at(1, 2, 2, 1) == doctest::Approx(mean));
    }
  }
}
