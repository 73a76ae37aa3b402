#include "nn/metric/segmentation_scores.h"

#include <cmath>

#include "core/call.h"
#include "core/error.h"

namespace tessera::nn {

namespace {

// The mean of what is not NaN; NaN when nothing is.
class Mean {
 public:
  void add(double value) {
    if (std::isnan(value)) return;
    sum_ += value;
    ++count_;
  }
  double value() const { return count_ == 0 ? NAN : sum_ / static_cast<double>(count_); }

 private:
  double sum_ = 0;
  int64_t count_ = 0;
};

}  // namespace

ClassScore class_score(const Confusion& confusion, int64_t c) {
  const int64_t reference = confusion.reference(c), predicted = confusion.predicted(c);
  if (reference == 0 && predicted == 0) return {ClassStatus::absent, NAN, NAN};
  const auto both = static_cast<double>(confusion.both(c));
  const auto sides = static_cast<double>(reference + predicted);
  const ClassStatus status = predicted == 0   ? ClassStatus::missed
                             : reference == 0 ? ClassStatus::invented
                                              : ClassStatus::found;
  return {status, 2 * both / sides, both / (sides - both)};
}

std::string name_of(ClassStatus status) {
  constexpr const char* kNames[] = {"found", "missed", "invented", "absent"};
  return kNames[static_cast<size_t>(status)];
}

SegmentationScores::SegmentationScores(int64_t classes, int64_t ignore_index)
    : ignore_index_(ignore_index), pooled_(classes) {
  require(classes >= 2, "segmentation_scores: needs at least two classes, got {}", classes);
}

void SegmentationScores::add(const std::vector<std::string>& names, const Operand& logits,
                             const Tensor& target) {
  const Call call("segmentation_scores", logits.where);
  const std::vector<Confusion> counts = confusion(logits, target, ignore_index_);
  require(names.size() == counts.size(),
          "segmentation_scores: needs one name for each of the {} samples, got {}", counts.size(),
          names.size());
  require(counts.empty() || counts[0].classes() == classes(),
          "segmentation_scores: the logits {} must have {} classes", logits.shape(), classes());
  for (size_t n = 0; n < counts.size(); ++n) add(names[n], counts[n]);
}

void SegmentationScores::add(const std::string& name, const Confusion& confusion) {
  pooled_ += confusion;
  CaseScores scores{name, {}, NAN, NAN};
  Mean dice, iou;
  for (int64_t c = 0; c < classes(); ++c) {
    scores.classes.push_back(class_score(confusion, c));
    if (c == 0) continue;
    dice.add(scores.classes.back().dice);
    iou.add(scores.classes.back().iou);
  }
  scores.dice = dice.value();
  scores.iou = iou.value();
  cases_.push_back(std::move(scores));
}

ClassSummary SegmentationScores::summary(int64_t c) const {
  const ClassScore pooled = class_score(pooled_, c);
  ClassSummary summary{NAN, NAN, pooled.dice, pooled.iou};
  Mean dice, iou;
  for (const CaseScores& scores : cases_) {
    const ClassScore& score = scores.classes[static_cast<size_t>(c)];
    dice.add(score.dice);
    iou.add(score.iou);
    summary.found += score.status == ClassStatus::found;
    summary.missed += score.status == ClassStatus::missed;
    summary.invented += score.status == ClassStatus::invented;
    summary.absent += score.status == ClassStatus::absent;
  }
  summary.dice = dice.value();
  summary.iou = iou.value();
  return summary;
}

double SegmentationScores::foreground_mean(double ClassSummary::*score) const {
  Mean mean;
  for (int64_t c = 1; c < classes(); ++c) mean.add(summary(c).*score);
  return mean.value();
}

double SegmentationScores::dice() const {
  return foreground_mean(&ClassSummary::dice);
}

double SegmentationScores::iou() const {
  return foreground_mean(&ClassSummary::iou);
}

double SegmentationScores::pooled_dice() const {
  return foreground_mean(&ClassSummary::pooled_dice);
}

double SegmentationScores::pooled_iou() const {
  return foreground_mean(&ClassSummary::pooled_iou);
}

}  // namespace tessera::nn
