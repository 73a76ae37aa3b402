#pragma once

#include "io/image.h"
#include "train/mask_scores.h"

namespace tessera::train {

// What a reader wants to see of a case: the picture, the reference and the prediction over it, and
// the errors; see io::case_picture. Of a volume the slice along its first axis with most errors,
// or, where there is none, the one with most of the reference. Colours are those of the classes in
// `options`, from 1 on; of classes that share values the last one is seen. Without a picture, or
// one of another size, the masks stand on black ground. Throws Error when the masks cannot be read.
io::Image mask_picture(const MaskPair& pair, const ScoreOptions& options, int64_t side = 256);

}  // namespace tessera::train
