#pragma once

#include <span>

#include "io/dataset.h"
#include "io/progress.h"
#include "nn/loss/loss.h"
#include "nn/metric/segmentation_scores.h"
#include "train/model.h"
#include "train/stop.h"

namespace tessera::train {

// How well a model does on cases whose masks are known.
struct Evaluation {
  nn::SegmentationScores scores;
  double loss = 0;  // mean over the cases, at the size the network sees; NaN where not asked for
  bool complete = true;  // false: stopped before its last case
};

// Predicts each case of `set` and compares it with its mask, both at the picture's own size. The
// network's mode is put back afterwards. `progress` is advanced by one for each case, and `stop` is
// asked after each. Throws Error when a mask has classes that the model does not know, or the loss
// is not finite.
Evaluation evaluate(const Model& model, const io::Dataset& set, std::span<const io::Case> cases,
                    const nn::Loss* loss = nullptr, io::Progress* progress = nullptr,
                    StopRequest* stop = nullptr);

}  // namespace tessera::train
