#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>
#include <vector>

#include "core/random.h"

namespace tessera::io {

// Random numbers that belong to one thing, such as one case in one epoch: a function of
// (seed, stream, substream) and of how many were drawn before, and of nothing else. So they do not
// depend on threads or on the order in which things are done.
class Draws {
 public:
  Draws(uint64_t seed, uint32_t stream, uint32_t substream = 0)
      : seed_(seed), stream_(uint64_t{stream} << 32 | substream), block_(0, 0, 0) {}

  // 32 random bits.
  uint32_t bits() {
    if (drawn_ % 4 == 0) block_ = Philox(seed_, drawn_ / 4, stream_);
    return block_.word[drawn_++ % 4];
  }
  // Uniform in [low, high), from 24 bits.
  double uniform(double low = 0, double high = 1) {
    return low + (high - low) * (bits() >> 8) * 0x1p-24;
  }
  bool chance(double probability) { return uniform() < probability; }
  // Uniform in 0, 1, ..., count - 1, for 0 < count < 2^32.
  int64_t below(int64_t count) {
    return static_cast<int64_t>(bits() * static_cast<uint64_t>(count) >> 32);
  }
  // Normally distributed: mean 0, standard deviation 1.
  double normal() {
    const double radius = std::sqrt(-2 * std::log(1 - uniform()));
    return radius * std::cos(2 * std::numbers::pi * uniform());
  }
  // Puts the elements into a random order.
  template <class T>
  void shuffle_(std::vector<T>& elements) {
    for (size_t i = elements.size(); i > 1; --i)
      std::swap(elements[i - 1], elements[static_cast<size_t>(below(static_cast<int64_t>(i)))]);
  }

 private:
  uint64_t seed_, stream_, drawn_ = 0;
  Philox block_;  // the four numbers that drawn_ is among
};

}  // namespace tessera::io
