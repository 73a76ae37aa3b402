#pragma once

#include <cstddef>
#include <span>

namespace tessera::io {

// How numbers, such as the scores of cases, are spread. NaN and infinity are counted apart; where
// there is no other number, everything else is NaN.
struct Spread {
  double mean = 0, deviation = 0;  // deviation: of the sample, with n - 1; 0 for one number
  double low = 0, median = 0, high = 0;
  size_t count = 0, undefined = 0;
};

Spread spread_of(std::span<const double> values);

}  // namespace tessera::io
