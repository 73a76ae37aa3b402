#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/affine.h"
#include "io/draws.h"
#include "io/image.h"

namespace tessera::io {

// Random changes to training images that keep what they show. Each is done with a probability, with
// a strength drawn uniformly from [low, high].
//
//   flip, vflip          left with right, top with bottom
//   rot90                1 to 3 quarter turns (2 for an image that is not square)
//   rotate(15)           by -15 to 15 degrees; rotate(a,b) by a to b
//   scale(0.8,1.2)       enlarged by this factor
//   translate(0.1)       moved by -0.1 to 0.1 of height and width
//   crop(128), crop(h,w) a random part of that many pixels; always done
//   border(zero)         what comes from outside: zero (class 0), edge or reflect; always done
//   brightness(0.8,1.2)  (x - lo) f + lo        where [lo, hi] is [0, 1] for an image within, else
//   contrast(0.8,1.2)    (x - mean) f + mean    its range, to which the result is clipped
//   gamma(0.7,1.5)       ((x - lo) / (hi - lo)) ^ f (hi - lo) + lo
//   noise(0,0.05)        + f (hi - lo) times a normal number for each value; not clipped
//   blur(0.5,1)          convolved with a Gaussian of this standard deviation in pixels
//   saturation(0.8,1.2), hue(0.1)   of images of three channels; hue in turns
struct AugmentStep {
  std::string name;
  double low = 0, high = 0;
  double probability = 0.5;
  bool operator==(const AugmentStep&) const = default;
};

// Geometry is put together to one map and sampled once: bilinear for the image, the nearest label
// for the mask. The other steps follow in their order.
struct Augment {
  std::vector<AugmentStep> steps;
  Border border = Border::zero;
  int64_t height = 0, width = 0;  // of crops; 0: as the image is
  bool operator==(const Augment&) const = default;
};

// Reads "flip,rotate(15),scale(0.8,1.2)@0.3,gamma" (@ gives the probability) or a preset:
//
//   none      nothing
//   light     flip
//   standard  flip,rotate(15),scale(0.8,1.25),brightness(0.8,1.2),contrast(0.8,1.2),gamma(0.7,1.5),
//             noise(0,0.05)@0.15,blur(0.5,1)@0.15
//   jmedseg   brightness, contrast, saturation(0.6,1.4)@0.8, hue(0.1)@0.8, blur(0.1,2)@0.5, as
//             JMedSeg has them, which draws once for the first four and shuffles their order
//
// Presets may be steps, too: "standard,vflip". Throws Error naming the step, and the nearest
// right name for an unknown one.
Augment parse_augment(std::string_view text);
// The text that parse_augment reads as `augment`.
std::string to_text(const Augment& augment);

// Augments an image and its mask (of no pixels when there is none) in place, with random numbers
// from `draws`. `on_foreground` puts a crop where a random pixel has a class above 0, if there is
// one.
void augment_(Image& image, LabelMap& mask, const Augment& augment, Draws draws,
              bool on_foreground = false);

}  // namespace tessera::io
