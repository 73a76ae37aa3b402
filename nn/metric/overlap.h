#pragma once

#include <cstdint>

#include "nn/metric/confusion.h"

namespace tessera::nn {

// How many voxels the regions of a prediction and its reference share and do not. A ratio whose
// denominator is 0 is NaN.
struct Overlap {
  int64_t both = 0;            // true positives
  int64_t only_predicted = 0;  // false positives
  int64_t only_reference = 0;  // false negatives
  int64_t neither = 0;         // true negatives

  int64_t predicted() const { return both + only_predicted; }
  int64_t reference() const { return both + only_reference; }
  int64_t total() const { return predicted() + only_reference + neither; }
};

double dice(const Overlap& o);                        // 2 both / (predicted + reference)
double iou(const Overlap& o);                         // both / (predicted or reference); Jaccard
double precision(const Overlap& o);                   // both / predicted
double recall(const Overlap& o);                      // both / reference; sensitivity
double specificity(const Overlap& o);                 // neither / not in the reference
double accuracy(const Overlap& o);                    // (both + neither) / total
double volumetric_overlap_error(const Overlap& o);    // 1 - IoU; VOE
double relative_volume_difference(const Overlap& o);  // (predicted - reference) / reference; RVD
// Matthews correlation coefficient, in [-1, 1].
double matthews_correlation(const Overlap& o);

// The counts of class c against all others.
Overlap overlap(const Confusion& confusion, int64_t c);

// Of all classes together, the background too. Classes that are not in the reference (mean_recall,
// frequency-weighted IoU), or in neither side (mean_iou, mean_dice), are left out; NaN without any.
double pixel_accuracy(const Confusion& confusion);          // right / all
double mean_recall(const Confusion& confusion);             // "class accuracy"
double frequency_weighted_iou(const Confusion& confusion);  // IoU weighted by reference pixels
double mean_iou(const Confusion& confusion);
double mean_dice(const Confusion& confusion);

}  // namespace tessera::nn
