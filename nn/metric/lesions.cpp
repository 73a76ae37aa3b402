#include "nn/metric/lesions.h"

#include <map>
#include <utility>

#include "core/error.h"
#include "nn/metric/connected_components.h"
#include "nn/metric/empty_mask.h"

namespace tessera::nn {

namespace {

double ratio(double part, double whole) {
  return whole == 0 ? kNaN : part / whole;
}

}  // namespace

LesionCounts count_lesions(const VoxelSet& prediction, const VoxelSet& reference,
                           int connectivity) {
  require(prediction.shape() == reference.shape(),
          "count_lesions: both regions must have the same shape, got {} and {}", prediction.shape(),
          reference.shape());
  if (connectivity == 0) connectivity = reference.shape().ndim();
  const Components predicted = connected_components(prediction, connectivity);
  const Components truth = connected_components(reference, connectivity);
  // (component of the reference, predicted component) -> voxels in both
  std::map<std::pair<int32_t, int32_t>, int64_t> shared;
  for (size_t i = 0; i < truth.labels.size(); ++i) {
    if (truth.labels[i] != 0 && predicted.labels[i] != 0) {
      ++shared[{truth.labels[i], predicted.labels[i]}];
    }
  }
  LesionCounts counts;
  counts.reference = truth.count();
  counts.predicted = predicted.count();
  std::vector<bool> confirmed(static_cast<size_t>(predicted.count()));
  // The map is in the order of the reference's components.
  for (auto pair = shared.begin(); pair != shared.end();) {
    const int32_t lesion = pair->first.first;
    const int64_t size = truth.sizes[static_cast<size_t>(lesion - 1)];
    int64_t both = 0, around = 0;
    for (; pair != shared.end() && pair->first.first == lesion; ++pair) {
      const auto partner = static_cast<size_t>(pair->first.second - 1);
      const int64_t other = predicted.sizes[partner];
      confirmed[partner] = true;
      both += pair->second;
      around += other;
      const double iou =
          static_cast<double>(pair->second) / static_cast<double>(size + other - pair->second);
      if (iou > 0.5) {
        ++counts.matched;
        counts.matched_iou += iou;
      }
    }
    ++counts.detected;
    counts.dice += 2 * static_cast<double>(both) / static_cast<double>(size + around);
  }
  for (const bool one : confirmed) counts.confirmed += one ? 1 : 0;
  return counts;
}

double lesion_recall(const LesionCounts& counts) {
  return ratio(static_cast<double>(counts.detected), static_cast<double>(counts.reference));
}

double lesion_precision(const LesionCounts& counts) {
  return ratio(static_cast<double>(counts.confirmed), static_cast<double>(counts.predicted));
}

double lesion_f1(const LesionCounts& counts) {
  if (counts.reference + counts.predicted == 0) return kNaN;
  if (counts.detected == 0) return 0;
  const double r = lesion_recall(counts), p = lesion_precision(counts);
  return 2 * r * p / (r + p);
}

double lesion_dice(const LesionCounts& counts) {
  return ratio(counts.dice,
               static_cast<double>(counts.reference + counts.predicted - counts.confirmed));
}

double panoptic_quality(const LesionCounts& counts) {
  return ratio(counts.matched_iou, 0.5 * static_cast<double>(counts.reference + counts.predicted));
}

}  // namespace tessera::nn
