#include "nn/metric/confusion.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/call.h"
#include "core/error.h"
#include "core/settings.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/unary.h"

namespace tessera::nn {

Confusion::Confusion(int64_t classes) : classes_(classes) {
  constexpr int64_t kMost = 4096;
  require(classes >= 1 && classes <= kMost, "confusion: needs 1 to {} classes, got {}", kMost,
          classes);
  counts_.assign(static_cast<size_t>(classes * classes), 0);
}

int64_t Confusion::count(int64_t reference, int64_t predicted) const {
  require(reference >= 0 && reference < classes_ && predicted >= 0 && predicted < classes_,
          "confusion: classes must lie in [0, {}), got {} and {}", classes_, reference, predicted);
  return counts_[static_cast<size_t>(reference * classes_ + predicted)];
}

int64_t Confusion::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), int64_t{0});
}

int64_t Confusion::reference(int64_t c) const {
  int64_t sum = 0;
  for (int64_t p = 0; p < classes_; ++p) sum += count(c, p);
  return sum;
}

int64_t Confusion::predicted(int64_t c) const {
  int64_t sum = 0;
  for (int64_t r = 0; r < classes_; ++r) sum += count(r, c);
  return sum;
}

double Confusion::accuracy() const {
  int64_t right = 0;
  for (int64_t c = 0; c < classes_; ++c) right += both(c);
  const int64_t all = total();
  return all == 0 ? std::numeric_limits<double>::quiet_NaN()
                  : static_cast<double>(right) / static_cast<double>(all);
}

Confusion& Confusion::operator+=(const Confusion& other) {
  require(classes_ == other.classes_, "confusion: both must have the same classes, got {} and {}",
          classes_, other.classes_);
  for (size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  ignored_ += other.ignored_;
  return *this;
}

void Confusion::add(std::span<const int64_t> predicted, std::span<const int64_t> reference,
                    int64_t ignore_index) {
  require(predicted.size() == reference.size(),
          "confusion: prediction and reference must have the same number of pixels, got {} and {}",
          predicted.size(), reference.size());
  Confusion added(classes_);
  for (size_t i = 0; i < predicted.size(); ++i) {
    const int64_t r = reference[i], p = predicted[i];
    if (r == ignore_index) {
      ++added.ignored_;
      continue;
    }
    require(r >= 0 && r < classes_ && p >= 0 && p < classes_,
            "confusion: classes must lie in [0, {}), got reference {} and prediction {} at pixel "
            "{}; is ignore_index = {} right?",
            classes_, r, p, i, ignore_index);
    ++added.counts_[static_cast<size_t>(r * classes_ + p)];
  }
  *this += added;
}

void Confusion::add_count(int64_t reference, int64_t predicted, int64_t pixels) {
  (void)count(reference, predicted);  // the check
  counts_[static_cast<size_t>(reference * classes_ + predicted)] += pixels;
}

Tensor predicted_classes(const Operand& logits) {
  const Call call("predicted_classes", logits.where);
  require(
      logits.defined() && is_floating(logits.dtype()) && logits.ndim() >= 2 && logits.shape(1) > 0,
      "predicted_classes: the logits must be floating [N, C, d1, ...] with at least one class, "
      "got {}",
      logits.defined() ? fmt::format("{} {}", logits.dtype(), logits.shape())
                       : "an undefined tensor");
  const NoGrad no_grad;
  if (logits.shape(1) > 1) return argmax(logits, 1);
  return reshape(cast(gt(logits, 0), i64), logits.shape().without(1));
}

std::vector<Confusion> confusion(const Operand& logits, const Tensor& target,
                                 int64_t ignore_index) {
  const Call call("confusion", logits.where);
  const Tensor predicted = predicted_classes(logits);
  require(target.defined() && target.shape() == predicted.shape() &&
              (is_integer(target.dtype()) || target.dtype() == bool_),
          "confusion: the target of logits {} must be the classes as integers {}, got {}",
          logits.shape(), predicted.shape(),
          target.defined() ? fmt::format("{} {}", target.dtype(), target.shape())
                           : "an undefined tensor");
  const std::vector<int64_t> reference = target.to_vector<int64_t>();
  const std::span<const int64_t> guess = predicted.data<int64_t>();
  const auto samples = static_cast<size_t>(logits.shape(0));
  const size_t pixels = samples == 0 ? 0 : reference.size() / samples;
  std::vector<Confusion> all;
  for (size_t n = 0; n < samples; ++n) {
    all.emplace_back(std::max<int64_t>(logits.shape(1), 2));
    all.back().add(guess.subspan(n * pixels, pixels),
                   std::span(reference).subspan(n * pixels, pixels), ignore_index);
  }
  return all;
}

}  // namespace tessera::nn
