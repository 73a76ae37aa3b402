#include "io/augment_step.h"

#include <algorithm>
#include <cmath>

namespace tessera::io {

namespace {

std::vector<StepKind> choosing_steps() {
  return {
      {.name = "oneof",
       .family = "choice",
       .doc = "one of the steps in parentheses, whose @p are their shares"},
      {.name = "mixup",
       .family = "batches",
       .doc = "the batch mixed with itself in another order: w a + (1 - w) b, w ~ Beta(f, f)",
       .parameters = {{"alpha", 0.2, 0.2, 0.01, 100}}},
      {.name = "cutmix",
       .family = "batches",
       .doc = "a box of share 1 - w, w ~ Beta(f, f), from another image of the batch, with mask",
       .parameters = {{"alpha", 1, 1, 0.01, 100}}},
      {.name = "copypaste",
       .family = "batches",
       .doc = "the objects of another image of the batch, with mask, each class by the chance f",
       .parameters = {{"share", 1, 1, 0, 1}}}};
}

}  // namespace

bool Warp::thin() const {
  return window.depth * 3 < std::max(window.height, window.width);
}

const std::vector<StepKind>& augment_steps() {
  static const std::vector<StepKind> all = [] {
    std::vector<StepKind> kinds;
    for (auto* family : {spatial_steps, intensity_steps, filter_steps, artifact_steps, local_steps,
                         choosing_steps}) {
      for (StepKind& kind : family()) kinds.push_back(std::move(kind));
    }
    return kinds;
  }();
  return all;
}

const StepKind* find_step(const std::string& name) {
  const auto& all = augment_steps();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const StepKind& kind) { return kind.name == name; });
  return found == all.end() ? nullptr : &*found;
}

double AugmentStep::draw(size_t i, Draws& draws) const {
  return draws.uniform(ranges[i].low, ranges[i].high);
}

double AugmentStep::draw_balanced(size_t i, Draws& draws) const {
  const auto [low, high] = ranges[i];
  if (low >= 1 || high <= 1) return draws.uniform(low, high);
  return draws.chance(0.5) ? draws.uniform(low, 1) : draws.uniform(1, high);
}

int64_t AugmentStep::draw_whole(size_t i, Draws& draws) const {
  const auto low = static_cast<int64_t>(ranges[i].low), high = static_cast<int64_t>(ranges[i].high);
  return low + draws.below(high - low + 1);
}

bool operator==(const AugmentStep& a, const AugmentStep& b) {
  return a.kind == b.kind && a.ranges == b.ranges && a.probability == b.probability &&
         a.each == b.each && a.choices == b.choices;
}

}  // namespace tessera::io
