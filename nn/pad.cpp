#include "nn/pad.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "nn/describe.h"

namespace tessera::nn {

PadNd::PadNd(const char* name, int axes, const std::vector<int64_t>& ends, const PadOptions& o)
    : padding(ends), options(o), class_(name) {
  const auto count = static_cast<size_t>(2 * axes);
  require(ends.size() == 1 || ends.size() == count,
          "{}: padding must be one number or {}, a pair for each spatial axis, got {}", name, count,
          fmt::join(ends, ", "));
  if (ends.size() == 1) padding.resize(count, ends[0]);
}

Tensor PadNd::forward(const Tensor& x) {
  const auto axes = static_cast<int>(padding.size() / 2);
  require(x.ndim() == axes + 1 || x.ndim() == axes + 2, "{}: x must have {} or {} axes, got {}",
          class_, axes + 1, axes + 2, x.shape());
  return pad(x, padding, options);
}

std::string PadNd::describe() const {
  const auto same = [&](int64_t end) { return end == padding[0]; };
  Description text(std::all_of(padding.begin(), padding.end(), same)
                       ? fmt::format("{}", padding[0])
                       : fmt::format("[{}]", fmt::join(padding, ", ")));
  return text.unless(0.0, "value", options.value);
}

}  // namespace tessera::nn
