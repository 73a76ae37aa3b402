#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "io/augment.h"

namespace tessera::io {

// Reads augmentation from text: steps, separated by commas, such as
//
//   flip, rotate(15), scale(0.8,1.2)@0.3, cutout(0.1,0.3,count=1..5), gamma(0.7,1.5,retain)
//
// A step is a name of augment_steps(), what it takes in parentheses, and its probability behind an
// @. Its first number is written as low and high, one number alone meaning both, or from -a to a
// for those that go both ways. The others have names: count=3, or count=1..5 for a range; flags are
// their name alone. each=0.5 does a step to each channel on its own, by that chance. Also
//
//   crop(128), crop(h,w), crop(d,h,w)  a random part of that many pixels; always done
//   border(zero)                       what comes from outside: zero (class 0), edge or reflect
//   normalized                         all of it after values were normalized, not before
//   oneof(blur, median)@0.2            one of them
//
// and the presets of augment_presets(). Throws Error naming the step, and the nearest right name
// for an unknown one.
Augment parse_augment(std::string_view text);

// The text that parse_augment reads as `augment`, with all numbers.
std::string to_text(const Augment& augment);
std::string to_text(const AugmentStep& step);

struct AugmentPreset {
  const char *name, *text, *doc;
};
const std::vector<AugmentPreset>& augment_presets();

}  // namespace tessera::io
