#include "io/axis.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace tessera::io {

namespace {

// Beyond this, sums and differences are no numbers any more.
constexpr double kLargest = 1e100, kSmallest = 1e-100;

// The smallest of 1, 2, 5, 10, 20, ... times a power of ten that is at least `least`.
double round_step(double least) {
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= least * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

std::string label_of(double value, double step) {
  if (std::abs(value) < step * 1e-6) return "0";
  if (std::abs(value) >= 1e6 || step < 1e-4) return fmt::format("{:.4g}", value);
  const int digits = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
  return fmt::format("{:.{}f}", value, digits);
}

void add_linear_ticks(Axis& axis, const AxisOptions& options) {
  double step = round_step((axis.high - axis.low) / std::max(options.most_ticks - 1, 1));
  if (options.whole) step = std::max(std::round(step), 1.0);
  if (!options.low && !options.whole) axis.low = std::floor(axis.low / step + 1e-9) * step;
  if (!options.high && !options.whole) axis.high = std::ceil(axis.high / step - 1e-9) * step;
  const double slack = step * 1e-9;
  for (double i = std::ceil((axis.low - slack) / step); i * step <= axis.high + slack; ++i) {
    axis.ticks.push_back(i * step);
    axis.labels.push_back(label_of(i * step, step));
  }
}

// Powers of ten, every second, third, ... of them where there are many; 2 and 5 times powers of ten
// where there are few.
void add_log_ticks(Axis& axis, const AxisOptions& options) {
  const double decades = std::log10(axis.high / axis.low);
  const int every = std::max(1, static_cast<int>(std::ceil(decades / options.most_ticks)));
  for (int p = static_cast<int>(std::floor(std::log10(axis.low)));
       p <= std::log10(axis.high) + 1e-9; ++p) {
    if (p % every != 0) continue;
    for (const double factor : {1.0, 2.0, 5.0}) {
      const double tick = factor * std::pow(10, p);
      const bool fits = tick >= axis.low * (1 - 1e-9) && tick <= axis.high * (1 + 1e-9);
      if (!fits || (factor > 1 && decades > 2.2)) continue;
      axis.ticks.push_back(tick);
      axis.labels.push_back(fmt::format("{:g}", tick));
    }
  }
  if (axis.ticks.size() >= 2) return;
  axis.ticks.clear();
  axis.labels.clear();
  AxisOptions fixed = options;
  fixed.low = axis.low;
  fixed.high = axis.high;
  add_linear_ticks(axis, fixed);
}

}  // namespace

bool Axis::shows(double value) const {
  return std::abs(value) <= kLargest && (!log || value >= kSmallest);
}

double Axis::place(double value) const {
  if (log) return std::log(value / low) / std::log(high / low);
  return (value - low) / (high - low);
}

Axis make_axis(std::span<const double> values, const AxisOptions& options) {
  Axis axis;
  axis.log = options.log;
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (const double value : values) {
    if (!axis.shows(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (low > high) {
    low = options.log ? 0.1 : 0;
    high = 1;
  }
  axis.low = options.low.value_or(low);
  axis.high = options.high.value_or(high);
  require(axis.shows(axis.low) && axis.shows(axis.high),
          "make_axis: ends must be finite, and above 0 on a logarithmic axis, got {} and {}",
          axis.low, axis.high);
  // One number alone, or an end on the wrong side of all numbers, gets room.
  if (options.log) {
    if (!(axis.high > axis.low * 1.001)) {
      if (!options.low) axis.low = std::min(axis.low, axis.high) / 2;
      axis.high = std::max(axis.high, axis.low * 4);
    }
  } else if (!(axis.high - axis.low > 1e-9 * std::max(std::abs(axis.high), std::abs(axis.low)))) {
    const double size = std::max(std::abs(axis.high), std::abs(axis.low));
    const double room = options.whole ? std::max(1.0, 1e-8 * size) : size > 0 ? 0.1 * size : 1;
    if (!options.low && !options.whole) axis.low = std::min(axis.low, axis.high) - room;
    axis.high = std::max(axis.high, axis.low) + room;
  }
  if (options.log) {
    add_log_ticks(axis, options);
  } else {
    add_linear_ticks(axis, options);
  }
  return axis;
}

}  // namespace tessera::io
