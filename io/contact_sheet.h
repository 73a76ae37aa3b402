#pragma once

#include <span>
#include <string>

#include "io/image.h"
#include "io/overlay.h"

namespace tessera::io {

// A picture of 1 or 3 channels in [0, 1], and what it shows.
struct Panel {
  Image picture;
  std::string caption;
};

struct SheetOptions {
  int64_t columns = 0;  // 0: about as many columns as rows
  int64_t side = 256;   // the longer side of each picture; see fit
  int64_t gap = 6;      // pixels between pictures
};

// One picture [3, H, W] with all panels in rows on dark ground, captions above them, cut off where
// they are too long. Throws Error without panels, or when the sheet would be larger than a picture
// may be.
Image contact_sheet(std::span<const Panel> panels, const SheetOptions& options = {});

// What a reader wants to see of a case, side by side: the image, the truth and the prediction over
// it, and the errors. Without a truth (nullptr) the image and the prediction.
Image case_picture(const Image& image, const LabelMap& prediction, const LabelMap* truth,
                   int64_t side = 256, const OverlayOptions& options = {});

}  // namespace tessera::io
