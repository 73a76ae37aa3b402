#include "io/fft.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "core/error.h"

namespace tessera::io {

namespace {

constexpr int64_t kLanes = Fft::kLanes;
constexpr int64_t kLargestFactor = 13;  // larger ones cost more than Bluestein's way

// The factors of n that are small, or none when one is not. Fours first: they need no products.
std::vector<int64_t> small_factors(int64_t n) {
  std::vector<int64_t> factors;
  for (const int64_t p : {4, 2, 3, 5, 7, 11, 13}) {
    for (; n % p == 0; n /= p) factors.push_back(p);
  }
  static_assert(kLargestFactor == 13);
  return n == 1 ? factors : std::vector<int64_t>{};
}

std::complex<float> turned(double turns) {
  const double angle = 2 * std::numbers::pi * turns;
  return {static_cast<float>(std::cos(angle)), static_cast<float>(std::sin(angle))};
}

// y += w x for the lanes of one element.
void add_product(const float* re, const float* im, std::complex<float> w, float* to_re,
                 float* to_im) {
  const float a = w.real(), b = w.imag();
  for (int64_t l = 0; l < kLanes; ++l) {
    to_re[l] += a * re[l] - b * im[l];
    to_im[l] += a * im[l] + b * re[l];
  }
}

void times(const float* re, const float* im, std::complex<float> w, float* to_re, float* to_im) {
  const float a = w.real(), b = w.imag();
  for (int64_t l = 0; l < kLanes; ++l) {
    const float x = re[l], y = im[l];
    to_re[l] = a * x - b * y;
    to_im[l] = a * y + b * x;
  }
}

// Transforms of four elements: sums and differences, and a quarter turn.
void fourfold(const float (*re)[kLanes], const float (*im)[kLanes], float* const* to_re,
              float* const* to_im) {
  for (int64_t l = 0; l < kLanes; ++l) {
    const float a = re[0][l] + re[2][l], b = im[0][l] + im[2][l];
    const float c = re[1][l] + re[3][l], d = im[1][l] + im[3][l];
    const float e = re[0][l] - re[2][l], f = im[0][l] - im[2][l];
    const float g = re[1][l] - re[3][l], h = im[1][l] - im[3][l];
    to_re[0][l] = a + c;
    to_im[0][l] = b + d;
    to_re[1][l] = e + h;
    to_im[1][l] = f - g;
    to_re[2][l] = a - c;
    to_im[2][l] = b - d;
    to_re[3][l] = e - h;
    to_im[3][l] = f + g;
  }
}

}  // namespace

Fft::Fft(int64_t n) : n_(n) {
  require(n >= 1, "Fft: the length must be positive, got {}", n);
  factors_ = small_factors(n);
  for (int64_t k = 0; k < n; ++k)
    roots_.push_back(turned(-static_cast<double>(k) / static_cast<double>(n)));
  if (n == 1 || !factors_.empty()) return;
  for (int64_t k = 0; k < n; ++k)
    chirp_.push_back(turned(-static_cast<double>(k * k % (2 * n)) / static_cast<double>(2 * n)));
  int64_t length = 1;
  while (length < 2 * n - 1) length *= 2;
  convolution_ = std::make_shared<const Fft>(length);
  std::vector<float> re(static_cast<size_t>(length * kLanes)), im = re;
  for (int64_t k = 0; k < n; ++k) {
    for (const int64_t at : {k, (length - k) % length}) {
      re[static_cast<size_t>(at * kLanes)] = chirp_[static_cast<size_t>(k)].real();
      im[static_cast<size_t>(at * kLanes)] = -chirp_[static_cast<size_t>(k)].imag();
    }
  }
  convolution_->forward_(re, im);
  for (int64_t k = 0; k < length; ++k) {
    const auto at = static_cast<size_t>(k * kLanes);
    filter_.push_back(std::complex(re[at], im[at]) / static_cast<float>(length));
  }
}

// Stockham 1966: each pass joins transforms of `done` elements to p times longer ones, and what it
// writes is in order.
void Fft::by_factors_(std::vector<float>& re, std::vector<float>& im) const {
  std::vector<float> next_re(re.size()), next_im(re.size());
  int64_t done = 1;
  for (const int64_t p : factors_) {
    float part_re[kLargestFactor][kLanes], part_im[kLargestFactor][kLanes];
    float* to_re[kLargestFactor];
    float* to_im[kLargestFactor];
    for (int64_t j = 0; j < n_ / p; ++j) {
      const int64_t k = j % done, first = j / done * done * p + k;
      for (int64_t r = 0; r < p; ++r) {
        const int64_t from = (j + r * (n_ / p)) * kLanes;
        times(re.data() + from, im.data() + from,
              roots_[static_cast<size_t>(k * r * (n_ / (done * p)))], part_re[r], part_im[r]);
        to_re[r] = next_re.data() + (first + r * done) * kLanes;
        to_im[r] = next_im.data() + (first + r * done) * kLanes;
      }
      if (p == 4) {
        fourfold(part_re, part_im, to_re, to_im);
        continue;
      }
      for (int64_t s = 0; s < p; ++s) {
        std::fill_n(to_re[s], kLanes, 0.0F);
        std::fill_n(to_im[s], kLanes, 0.0F);
        for (int64_t r = 0; r < p; ++r)
          add_product(part_re[r], part_im[r], roots_[static_cast<size_t>(r * s % p * (n_ / p))],
                      to_re[s], to_im[s]);
      }
    }
    re.swap(next_re);
    im.swap(next_im);
    done *= p;
  }
}

// Bluestein 1970: with j k = (j^2 + k^2 - (k - j)^2) / 2 the transform is a convolution.
void Fft::by_chirp_(std::vector<float>& re, std::vector<float>& im) const {
  const int64_t length = convolution_->size();
  std::vector<float> long_re(static_cast<size_t>(length * kLanes)), long_im = long_re;
  for (int64_t k = 0; k < n_; ++k)
    times(re.data() + k * kLanes, im.data() + k * kLanes, chirp_[static_cast<size_t>(k)],
          long_re.data() + k * kLanes, long_im.data() + k * kLanes);
  convolution_->forward_(long_re, long_im);
  for (int64_t k = 0; k < length; ++k) {
    float* a = long_re.data() + k * kLanes;
    float* b = long_im.data() + k * kLanes;
    times(a, b, filter_[static_cast<size_t>(k)], a, b);
  }
  convolution_->inverse_(long_re, long_im);
  for (int64_t k = 0; k < n_; ++k)
    times(long_re.data() + k * kLanes, long_im.data() + k * kLanes, chirp_[static_cast<size_t>(k)],
          re.data() + k * kLanes, im.data() + k * kLanes);
}

void Fft::forward_(std::vector<float>& re, std::vector<float>& im) const {
  require(std::ssize(re) == n_ * kLanes && re.size() == im.size(),
          "Fft: there must be {} x {} elements, got {} and {}", n_, kLanes, re.size(), im.size());
  if (n_ == 1) return;
  convolution_ ? by_chirp_(re, im) : by_factors_(re, im);
}

// The transform of swapped parts is the swapped inverse.
void Fft::inverse_(std::vector<float>& re, std::vector<float>& im) const {
  re.swap(im);
  forward_(re, im);
  re.swap(im);
}

void filter_lines_(Image& image, int axis, std::span<const float> response) {
  const int64_t extents[3] = {image.depth, image.height, image.width};
  const int64_t n = extents[axis];
  require(std::ssize(response) == n, "filter_lines_: there must be {} factors, got {}", n,
          response.size());
  const Fft fft(n);
  // The real part of the result is that of the symmetric part of the response. With that the
  // result of real lines is real, so that two go together as real and imaginary parts.
  std::vector<float> factor(static_cast<size_t>(n));
  for (int64_t k = 0; k < n; ++k)
    factor[static_cast<size_t>(k)] =
        (response[static_cast<size_t>(k)] + response[static_cast<size_t>((n - k) % n)]) /
        static_cast<float>(2 * n);
  const int64_t step = axis == 2 ? 1 : axis == 1 ? image.width : image.height * image.width;
  const int64_t lines = std::ssize(image.pixels) / std::max<int64_t>(n, 1);
  const auto start = [&](int64_t line) { return line / step * step * n + line % step; };
  std::vector<float> re, im;
  for (int64_t first = 0; first < lines; first += 2 * kLanes) {
    re.assign(static_cast<size_t>(n * kLanes), 0);
    im.assign(static_cast<size_t>(n * kLanes), 0);
    const int64_t count = std::min(2 * kLanes, lines - first);
    const auto each = [&](auto f) {
      for (int64_t l = 0; l < count; ++l) {
        float* pixel = image.pixels.data() + start(first + l);
        float* part = (l < kLanes ? re : im).data() + l % kLanes;
        for (int64_t k = 0; k < n; ++k) f(pixel[k * step], part[k * kLanes]);
      }
    };
    each([](float& pixel, float& part) { part = pixel; });
    fft.forward_(re, im);
    for (int64_t k = 0; k < n; ++k) {
      for (int64_t l = 0; l < kLanes; ++l) {
        re[static_cast<size_t>(k * kLanes + l)] *= factor[static_cast<size_t>(k)];
        im[static_cast<size_t>(k * kLanes + l)] *= factor[static_cast<size_t>(k)];
      }
    }
    fft.inverse_(re, im);
    each([](float& pixel, float& part) { pixel = part; });
  }
}

}  // namespace tessera::io
