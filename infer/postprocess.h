#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/shape.h"

namespace tessera::infer {

// Repairs of a predicted segmentation by what is known about the organ. Parts are connected through
// faces, edges and corners (8 or 26 neighbours); what is taken away becomes background.
//
//   largest           keeps the largest part of a class, the first of equal ones
//   min_size(50)      keeps the parts of at least 50 pixels or voxels
//   fill_holes        gives a class the background that it encloses, which no path through faces
//                     leads out of
//
// Each is done for every foreground class by itself; with class=2 for that one only; and largest
// and min_size with together=true for all foreground as if it were one class.
struct PostprocessStep {
  std::string name;
  int64_t size = 0;      // of min_size
  int64_t of_class = 0;  // 0: of every foreground class
  bool together = false;
  bool operator==(const PostprocessStep&) const = default;
};

// The steps in their order.
struct Postprocess {
  std::vector<PostprocessStep> steps;
  bool operator==(const Postprocess&) const = default;
};

// Reads "largest(class=1) + min_size(50) + fill_holes"; an empty text is no step. Throws Error with
// the place in the text, and the nearest known name.
Postprocess parse_postprocess(std::string_view text);
// The text that parse_postprocess reads as `postprocess`.
std::string to_text(const Postprocess& postprocess);

// Does the steps to labels [H, W] or [D, H, W] of classes 0, ..., classes - 1, in place. Throws
// Error when the shape does not fit, and for a step of a class that there is not.
void apply_(std::span<int32_t> labels, const Shape& shape, int64_t classes,
            const Postprocess& postprocess);

// A case whose truth is known.
struct Judged {
  Shape shape;
  std::vector<int32_t> predicted, reference;
};

// A step that was tried behind those taken so far, and the mean Dice without and with it.
struct Trial {
  PostprocessStep step;
  double before, after;
  bool taken;
};

// Tries largest, fill_holes and min_size for all foreground together and for each class, one after
// the other, and takes what raises the mean foreground Dice over the cases by more than `gain`: so
// nothing is taken that only helps by accident of few pixels. As nnU-Net chooses its
// post-processing, which knows only largest. Pixels of the reference with `ignore_index` do not
// count.
std::vector<Trial> choose_postprocess(std::span<const Judged> cases, int64_t classes,
                                      int64_t ignore_index = -100, double gain = 5e-4);
Postprocess taken(std::span<const Trial> trials);

}  // namespace tessera::infer
