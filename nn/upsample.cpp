#include "nn/upsample.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/error.h"
#include "nn/describe.h"

namespace tessera::nn {

namespace {

const char* name_of(Interpolation mode) {
  switch (mode) {
    case Interpolation::nearest:
      return "nearest";
    case Interpolation::nearest_exact:
      return "nearest_exact";
    case Interpolation::linear:
      return "linear";
    case Interpolation::bilinear:
      return "bilinear";
    case Interpolation::bicubic:
      return "bicubic";
    case Interpolation::trilinear:
      return "trilinear";
    case Interpolation::area:
      return "area";
  }
  return "";
}

}  // namespace

Upsample::Upsample(const UpsampleOptions& o) : options(o) {
  require(o.size.empty() != o.scale_factor.empty(),
          "Upsample: exactly one of size and scale_factor must be given, got {}",
          o.size.empty() ? "none" : "both");
  for (const int64_t extent : o.size) {
    require(extent > 0, "Upsample: size must be positive, got {}", o.size);
  }
  for (const double factor : o.scale_factor) {
    require(factor > 0, "Upsample: scale_factor must be positive, got {}", factor);
  }
}

Tensor Upsample::forward(const Tensor& x) {
  return interpolate(x, {.size = options.size,
                         .scale_factor = options.scale_factor,
                         .mode = options.mode,
                         .align_corners = options.align_corners,
                         .recompute_scale_factor = options.recompute_scale_factor});
}

std::string Upsample::describe() const {
  Description text;
  if (options.scale_factor.empty()) {
    text.add("size", options.size);
  } else {
    text.add("scale_factor", fmt::format("{}", fmt::join(options.scale_factor, " x ")));
  }
  return text.add("mode", name_of(options.mode))
      .unless(false, "align_corners", options.align_corners);
}

}  // namespace tessera::nn
