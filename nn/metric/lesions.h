#pragma once

#include <cstdint>

#include "nn/metric/voxel_set.h"

namespace tessera::nn {

// How well the connected parts of a region, such as lesions or cells, were found one by one.
struct LesionCounts {
  int64_t reference = 0, predicted = 0;  // components
  int64_t detected = 0;                  // components of the reference that a predicted one meets
  int64_t confirmed = 0;                 // predicted components that meet one of the reference
  int64_t matched = 0;     // pairs whose IoU is above 0.5; there can be only one of each
  double matched_iou = 0;  // the sum of their IoU
  double dice = 0;         // sum over reference components of their Dice with all that meets them
};

// Components as by connected_components with that connectivity; 0: with all neighbours (8, 26).
// Components meet when they share a voxel.
LesionCounts count_lesions(const VoxelSet& prediction, const VoxelSet& reference,
                           int connectivity = 0);

// Shares in [0, 1]; NaN when the denominator is 0.
double lesion_recall(const LesionCounts& counts);     // detected / reference
double lesion_precision(const LesionCounts& counts);  // confirmed / predicted
// Harmonic mean of both; 0 when one is 0 or undefined, NaN without any component.
double lesion_f1(const LesionCounts& counts);
// The mean over the components of the reference, each compared with the union of what meets it, and
// over the predicted ones that meet nothing, which score 0 (as in the BraTS challenge of 2023,
// without its dilation).
double lesion_dice(const LesionCounts& counts);
// Sum of the IoU of matched pairs / (pairs + half of the components without partner). Kirillov et
// al. 2019, arXiv:1801.00868.
double panoptic_quality(const LesionCounts& counts);

}  // namespace tessera::nn
