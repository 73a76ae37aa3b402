#pragma once

#include <complex>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "io/image.h"

namespace tessera::io {

// Fourier transforms of any length n >= 1, of kLanes sequences at once:
//   X[k] = sum over j of x[j] exp(-2 pi i j k / n)
// Element j of sequence l is at [j * kLanes + l], real and imaginary parts apart.
class Fft {
 public:
  static constexpr int64_t kLanes = 16;
  explicit Fft(int64_t n);
  // In place. The inverse is not divided by n.
  void forward_(std::vector<float>& re, std::vector<float>& im) const;
  void inverse_(std::vector<float>& re, std::vector<float>& im) const;
  int64_t size() const { return n_; }

 private:
  void by_factors_(std::vector<float>& re, std::vector<float>& im) const;
  void by_chirp_(std::vector<float>& re, std::vector<float>& im) const;

  int64_t n_;
  std::vector<int64_t> factors_;             // of n, small ones; empty: n has large ones
  std::vector<std::complex<float>> roots_;   // exp(-2 pi i k / n)
  std::vector<std::complex<float>> chirp_;   // exp(-pi i k^2 / n); Bluestein 1970
  std::shared_ptr<const Fft> convolution_;   // of a length with small factors
  std::vector<std::complex<float>> filter_;  // transform of the chirp, of that length
};

// Multiplies the spectrum of each line of `image` along `axis` (0: depth, 1: height, 2: width) by
// `response`, one factor for each frequency 0, 1, ..., n - 1 (those above n / 2 are negative), and
// keeps the real part.
void filter_lines_(Image& image, int axis, std::span<const float> response);

}  // namespace tessera::io
