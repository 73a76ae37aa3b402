#pragma once

#include <span>

#include "infer/model.h"
#include "io/dataset.h"
#include "io/progress.h"
#include "nn/loss/loss.h"
#include "nn/metric/segmentation_scores.h"
#include "train/stop.h"

namespace tessera::train {

// How well a model does on cases whose masks are known.
struct Evaluation {
  nn::SegmentationScores scores;
  double loss = 0;  // mean over the cases, at the size the network sees; NaN where not asked for
  bool complete = true;  // false: stopped before its last case
};

struct EvaluateOptions {
  const nn::Loss* loss = nullptr;
  io::Progress* progress = nullptr;  // advanced by one for each case
  StopRequest* stop = nullptr;       // asked after each case
  infer::PredictOptions predict = {};
};

// Predicts each case of `set` and compares it with its mask, both at the picture's own size. The
// network's mode is put back afterwards. Throws Error when a mask has classes that the model does
// not know, or the loss is not finite.
Evaluation evaluate(const infer::Model& model, const io::Dataset& set,
                    std::span<const io::Case> cases, const EvaluateOptions& options = {});

}  // namespace tessera::train
