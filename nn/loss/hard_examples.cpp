#include "nn/loss/hard_examples.h"

#include <cmath>

#include "core/call.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/sort.h"
#include "ops/unary.h"

namespace tessera::nn {

namespace {

// -log p of all pixels, largest first; those that do not count stand last.
struct Ranked {
  Tensor surprise;  // [pixels]
  Tensor rank;      // 0, 1, ...
  Tensor number;    // of pixels that count
};

Ranked ranked(const Segmentation& s) {
  const Tensor each = where(s.counts, s.surprise(), -1);
  const Tensor flat = reshape(each, {each.numel()});
  return {sort(flat, 0, true).values, iota(flat.shape()), sum(s.counts)};
}

// `share` of the pixels that count, rounded down.
Tensor share_of(const Ranked& pixels, double share) {
  constexpr double kRounding = 1e-9;  // so that 10 % of 30 are 3
  return cast(floor(cast(pixels.number, f64) * share + kRounding), i64);
}

Tensor mean_of(const Ranked& pixels, const Tensor& chosen) {
  const Tensor those = chosen & lt(pixels.rank, pixels.number);
  return weighted_mean(where(those, pixels.surprise, 0), those);
}

}  // namespace

Tensor topk_cross_entropy(const Segmentation& s, const TopkOptions& o) {
  const Call call("topk_cross_entropy", s.line);
  require(o.percent > 0 && o.percent <= 100,
          "topk_cross_entropy: percent must lie in (0, 100], got {}", o.percent);
  const Ranked pixels = ranked(s);
  return mean_of(pixels, lt(pixels.rank, maximum(share_of(pixels, o.percent / 100), 1)));
}

Tensor ohem_cross_entropy(const Segmentation& s, const OhemOptions& o) {
  const Call call("ohem_cross_entropy", s.line);
  require(o.thresh > 0 && o.thresh <= 1 && o.min_kept >= 0 && o.min_kept <= 1,
          "ohem_cross_entropy: thresh must lie in (0, 1] and min_kept in [0, 1], got {} and {}",
          o.thresh, o.min_kept);
  const Ranked pixels = ranked(s);
  const Tensor hard = gt(pixels.surprise, -std::log(o.thresh));
  return mean_of(pixels, hard | lt(pixels.rank, share_of(pixels, o.min_kept)));
}

}  // namespace tessera::nn
