#pragma once

#include <string>
#include <vector>

#include "nn/metric/segmentation_scores.h"
#include "nn/metric/surface_distance.h"

namespace tessera::nn {

// Libraries measure the same thing differently: where a surface is, what "HD95" means, what an
// empty mask scores, how cases are averaged. A convention says all of that, so that numbers can be
// compared with those of the library that it is named after.
struct Convention {
  std::string name, meaning;

  enum class SurfaceKind : uint8_t { border, corners, contours };
  SurfaceKind surface = SurfaceKind::border;
  HausdorffRule hausdorff = HausdorffRule::larger;
  bool single_precision_tolerance = false;  // see surface_dice

  // Dice and IoU, and whatever is a share of the two regions.
  double overlap_absent, overlap_invented;
  // Precision, recall and specificity whose denominator is 0.
  double undefined_ratio;
  // Distances when only one of the masks is empty, when both are, and percentiles below 100 of
  // distances when one is.
  double distance_to_nothing, distance_absent, percentile_to_nothing;
  // An average distance is NaN, whatever the above, where the surface it starts from is empty.
  bool no_average_from_nothing = false;
  // The share of the surfaces within the tolerance when one of the masks is empty.
  double surface_dice_to_nothing;

  enum class Mean : uint8_t {
    of_classes,  // over the cases for each class, then over the classes
    of_cases,    // over the classes for each case, then over the cases
    pooled,      // of the pixels of all cases together, the background being a class
  };
  Mean mean = Mean::of_classes;
  bool mean_skips_infinity = false;  // infinite distances are counted, and left out of means
  bool nan_spreads = false;          // a class without any number makes the mean over classes NaN
};

// tessera, medpy, monai, deepmind, nnunet and jmedseg. Throws Error for another name, with the
// nearest one.
const Convention& convention(const std::string& name);
const std::vector<Convention>& conventions();

}  // namespace tessera::nn
