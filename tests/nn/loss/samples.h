#pragma once

#include <functional>
#include <string>

#include "nn/loss/segmentation.h"

namespace tessera::testing {

using SegmentationLoss = std::function<Tensor(const nn::Segmentation&)>;

// What every segmentation loss must satisfy: gradients of first and second order agree with finite
// differences in one to three dimensions, with one to four channels, with and without ignored
// pixels (255), classes that do not occur or are not annotated, and nothing but ignored pixels;
// values and gradients are finite there and for extreme logits, and equal for eager evaluation; f32
// and halves are close.
void check_segmentation_loss(const SegmentationLoss& loss);

}  // namespace tessera::testing
