#pragma once

#include <vector>

#include "io/augment_step.h"
#include "io/draws.h"
#include "io/image.h"
#include "io/sample.h"

namespace tessera::io {

// Random changes to training images, pictures and volumes, that keep what they show. Written as
// text, see io/augment_text.h.
//
// Geometry is put together to one map and sampled once: linear for the image, the nearest label
// for the mask. The other steps follow in their order, and change the image only.
struct Augment {
  std::vector<AugmentStep> steps;
  Border border = Border::zero;
  int64_t depth = 0, height = 0, width = 0;  // of crops; 0: as the image is
  bool normalized = false;                   // done after the values were normalized, not before
  bool operator==(const Augment&) const = default;
};

// Augments an image and its mask (of no pixels when there is none) in place, with random numbers
// from `draws`. `on_foreground` puts a crop where a random pixel has a class above 0, if there is
// one. Steps that mix batches are left out; see io/mix.h.
void augment_(Image& image, LabelMap& mask, const Augment& augment, Draws draws,
              bool on_foreground = false);

}  // namespace tessera::io
