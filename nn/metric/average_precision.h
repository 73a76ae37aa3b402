#pragma once

#include <cstdint>
#include <span>

namespace tessera::nn {

// The area under the curve of precision over recall, as a sum of steps: each distinct score is a
// threshold, and AP = sum of (recall - recall before) * precision. Pixels with equal scores are
// taken together, so their order does not matter. NaN when nothing is positive. Same as
// sklearn.metrics.average_precision_score.
//
// scores    of each pixel that it is positive, such as its probability; any finite numbers
// positive  nonzero where it is
//
// Throws Error when the lengths differ or a score is not finite.
double average_precision(std::span<const float> scores, std::span<const uint8_t> positive);

}  // namespace tessera::nn
