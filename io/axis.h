#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tessera::io {

struct AxisOptions {
  bool log = false;                // only numbers above 0 have a place
  bool whole = false;              // no ticks between whole numbers: epochs, counts
  std::optional<double> low = {};  // an end that does not depend on the values
  std::optional<double> high = {};
  int most_ticks = 6;
};

// The range of a chart in one direction, with ticks at round numbers.
struct Axis {
  double low = 0, high = 1;  // low < high
  bool log = false;
  std::vector<double> ticks;        // in [low, high], ascending
  std::vector<std::string> labels;  // of the ticks, with as many digits as tell them apart

  // Whether a number can be shown: finite, of sane size, and above 0 on a logarithmic axis.
  bool shows(double value) const;
  // Where a number stands between low (0) and high (1); outside of these where it is outside.
  double place(double value) const;
};

// An axis that holds the values which can be shown; [0, 1], or [0.1, 1], when there are none. Free
// ends of a linear axis are moved outwards to a tick.
Axis make_axis(std::span<const double> values, const AxisOptions& options = {});

}  // namespace tessera::io
