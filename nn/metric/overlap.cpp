#include "nn/metric/overlap.h"

#include <cmath>

#include "nn/metric/empty_mask.h"

namespace tessera::nn {

namespace {

double ratio(int64_t part, int64_t whole) {
  return whole == 0 ? kNaN : static_cast<double>(part) / static_cast<double>(whole);
}

// The mean of what is not NaN.
double mean_over_classes(const Confusion& confusion, double (*score)(const Overlap&)) {
  double sum = 0;
  int64_t count = 0;
  for (int64_t c = 0; c < confusion.classes(); ++c) {
    const double value = score(overlap(confusion, c));
    if (std::isnan(value)) continue;
    sum += value;
    ++count;
  }
  return count == 0 ? kNaN : sum / static_cast<double>(count);
}

}  // namespace

double dice(const Overlap& o) {
  return ratio(2 * o.both, o.predicted() + o.reference());
}

double iou(const Overlap& o) {
  return ratio(o.both, o.predicted() + o.only_reference);
}

double precision(const Overlap& o) {
  return ratio(o.both, o.predicted());
}

double recall(const Overlap& o) {
  return ratio(o.both, o.reference());
}

double specificity(const Overlap& o) {
  return ratio(o.neither, o.neither + o.only_predicted);
}

double accuracy(const Overlap& o) {
  return ratio(o.both + o.neither, o.total());
}

double volumetric_overlap_error(const Overlap& o) {
  return 1 - iou(o);
}

double relative_volume_difference(const Overlap& o) {
  return ratio(o.predicted() - o.reference(), o.reference());
}

double matthews_correlation(const Overlap& o) {
  const auto tp = static_cast<double>(o.both), tn = static_cast<double>(o.neither);
  const auto fp = static_cast<double>(o.only_predicted), fn = static_cast<double>(o.only_reference);
  // One root each: the product of the four sums would lose digits of large volumes.
  const double scale =
      std::sqrt(tp + fp) * std::sqrt(tp + fn) * std::sqrt(tn + fp) * std::sqrt(tn + fn);
  return scale == 0 ? kNaN : (tp * tn - fp * fn) / scale;
}

Overlap overlap(const Confusion& confusion, int64_t c) {
  Overlap o;
  o.both = confusion.both(c);
  o.only_predicted = confusion.predicted(c) - o.both;
  o.only_reference = confusion.reference(c) - o.both;
  o.neither = confusion.total() - o.both - o.only_predicted - o.only_reference;
  return o;
}

double pixel_accuracy(const Confusion& confusion) {
  return confusion.accuracy();
}

double mean_recall(const Confusion& confusion) {
  return mean_over_classes(confusion, recall);
}

double frequency_weighted_iou(const Confusion& confusion) {
  double sum = 0;
  for (int64_t c = 0; c < confusion.classes(); ++c) {
    const Overlap o = overlap(confusion, c);
    if (o.reference() > 0) sum += static_cast<double>(o.reference()) * iou(o);
  }
  const int64_t total = confusion.total();
  return total == 0 ? kNaN : sum / static_cast<double>(total);
}

double mean_iou(const Confusion& confusion) {
  return mean_over_classes(confusion, iou);
}

double mean_dice(const Confusion& confusion) {
  return mean_over_classes(confusion, dice);
}

}  // namespace tessera::nn
