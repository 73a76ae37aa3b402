#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/augment.h"

namespace tessera::io {

// An image to be shown, with its mask (of no pixels when there is none).
struct PreviewCase {
  std::string name;
  Image image;
  LabelMap mask;
};

struct PreviewOptions {
  int64_t draws = 5;   // beside each original
  int64_t side = 192;  // pixels of each picture
  uint64_t seed = 0;
  bool mix = true;  // show the steps that mix batches, too: the cases are one batch
};

// A row for each case: as it is, and as augmentation changes it, with the outlines of its classes.
// All pictures of a row are shown in the grey values of the original. Of volumes the slice with
// the most foreground is shown, else the middle one. Throws Error without cases, and when the sheet
// would be too large.
Image augment_sheet(const std::vector<PreviewCase>& cases, const Augment& augment,
                    const PreviewOptions& options = {});

}  // namespace tessera::io
