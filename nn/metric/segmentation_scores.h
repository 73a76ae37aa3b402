#pragma once

#include <string>
#include <vector>

#include "nn/metric/confusion.h"

namespace tessera::nn {

// How well a class was found. Of a class with r pixels in the reference, p in the prediction and b
// in both, Dice = 2 b / (r + p) and IoU = b / (r + p - b): 0 when only one of them has the class.
// A class that neither has says nothing, so its scores are NaN and do not count in any mean.
enum class ClassStatus : uint8_t {
  found,     // in both, perhaps at different places
  missed,    // in the reference only
  invented,  // in the prediction only
  absent,    // in neither
};
struct ClassScore {
  ClassStatus status = ClassStatus::absent;
  double dice, iou;  // in [0, 1]; NaN for an absent class
};
ClassScore class_score(const Confusion& confusion, int64_t c);
std::string name_of(ClassStatus status);  // "found", ...

// The scores of one image or volume.
struct CaseScores {
  std::string name;
  std::vector<ClassScore> classes;  // class 0 is the background
  double dice, iou;  // means over the foreground classes that are not absent; NaN without any
};

// A class over all cases.
struct ClassSummary {
  double dice, iou;                // means over the cases where it is not absent; NaN without any
  double pooled_dice, pooled_iou;  // of the pixels of all cases together
  int64_t found = 0, missed = 0, invented = 0, absent = 0;  // numbers of cases
};

// Scores of a whole set, collected case by case while validating or testing:
//
//   nn::SegmentationScores scores(2);
//   for (...) scores.add(names, model(images), masks);
//   scores.dice();  scores.cases();
class SegmentationScores {
 public:
  // At least two classes, of which the first is the background. Pixels with ignore_index in the
  // reference count nowhere.
  explicit SegmentationScores(int64_t classes, int64_t ignore_index = -100);

  // Adds the samples of logits [N, C, d1, ...] against integers [N, d1, ...] as N cases. Throws
  // Error when shapes, classes or the number of names do not fit; nothing is added then.
  void add(const std::vector<std::string>& names, const Operand& logits, const Tensor& target);
  // Adds one case.
  void add(const std::string& name, const Confusion& confusion);

  int64_t classes() const { return pooled_.classes(); }
  const std::vector<CaseScores>& cases() const { return cases_; }
  const Confusion& pooled() const { return pooled_; }
  ClassSummary summary(int64_t c) const;

  // Means over the foreground classes, each first averaged over its cases (or pooled); classes that
  // occur nowhere are left out. NaN without any.
  double dice() const;
  double iou() const;
  double pooled_dice() const;
  double pooled_iou() const;

 private:
  double foreground_mean(double ClassSummary::*score) const;

  int64_t ignore_index_;
  Confusion pooled_;
  std::vector<CaseScores> cases_;
};

}  // namespace tessera::nn
