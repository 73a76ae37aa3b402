#include "train/evaluate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/error.h"
#include "core/settings.h"

namespace tessera::train {

namespace {

// Evaluation mode, and back to what it was.
class EvaluationMode {
 public:
  explicit EvaluationMode(nn::Module& network)
      : network_(network), was_training_(network.is_training()) {
    network_.eval();
  }
  ~EvaluationMode() { network_.train(was_training_); }
  EvaluationMode(const EvaluationMode&) = delete;
  EvaluationMode& operator=(const EvaluationMode&) = delete;

 private:
  nn::Module& network_;
  bool was_training_;
};

std::vector<int64_t> widened(const io::LabelMap& map) {
  return {map.labels.begin(), map.labels.end()};
}

// Leaves out what the mask cannot judge, as losses do: a class that was not looked for is
// background in the prediction, and ignored in the mask.
void leave_out_(std::vector<int64_t>& predicted, std::vector<int64_t>& right,
                const std::vector<uint8_t>& annotated, int64_t ignore) {
  const auto unknown = [&](int64_t c) {
    return c >= 0 && c < std::ssize(annotated) && annotated[static_cast<size_t>(c)] == 0;
  };
  std::ranges::replace_if(predicted, unknown, 0);
  std::ranges::replace_if(right, unknown, ignore);
}

}  // namespace

Evaluation evaluate(const infer::Model& model, const io::Dataset& set,
                    std::span<const io::Case> cases, const EvaluateOptions& options) {
  const NoGrad no_grad;
  const EvaluationMode mode(*model.network);
  const int64_t ignore = set.ignore.value_or(-100);
  Evaluation result{nn::SegmentationScores(model.spec.classes, ignore)};
  for (const io::Case& one : cases) {
    const io::Image image = io::read_image(set, one);
    const io::LabelMap mask = io::read_mask(set, one);
    const std::vector<uint8_t> annotated = io::annotated_classes(set, one);
    const Tensor logits = infer::logits(
        model, infer::to_tensor(io::prepare(image, model.preprocess)), options.predict);
    if (options.loss != nullptr) {
      const io::LabelMap target = io::resize_input(mask, model.preprocess);
      const Tensor classes = tensor<int32_t>(target.labels, {1, target.height, target.width});
      const Tensor known = one.annotated.empty()
                               ? Tensor()
                               : from_bytes(annotated.data(), {1, std::ssize(annotated)}, bool_);
      const double value = (*options.loss)(logits, classes, known).item();
      require(std::isfinite(value),
              "evaluate: the loss of {} is {}: the weights have diverged; try a smaller --lr, or "
              "--clip-norm 1",
              one.name, value);
      result.loss += value / static_cast<double>(cases.size());
    }
    const io::LabelMap predicted = infer::labels(
        model,
        io::restore(infer::probabilities(logits), image.height, image.width, model.preprocess));
    nn::Confusion confusion(model.spec.classes);
    std::vector<int64_t> found = widened(predicted), right = widened(mask);
    leave_out_(found, right, annotated, ignore);
    confusion.add(found, right, ignore);
    result.scores.add(one.name, confusion);
    if (options.progress != nullptr) options.progress->advance();
    if (options.stop != nullptr && &one != &cases.back() && !options.stop->reason().empty()) {
      result.complete = false;
      break;
    }
  }
  if (options.loss == nullptr || cases.empty())
    result.loss = std::numeric_limits<double>::quiet_NaN();
  return result;
}

}  // namespace tessera::train
