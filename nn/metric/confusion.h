#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/tensor.h"

namespace tessera::nn {

// How many pixels of each class were predicted as each class.
class Confusion {
 public:
  Confusion() = default;
  explicit Confusion(int64_t classes);  // nothing counted; 1 <= classes <= 4096

  int64_t classes() const { return classes_; }
  int64_t ignored() const { return ignored_; }  // pixels that did not count
  int64_t total() const;                        // pixels that did

  int64_t count(int64_t reference, int64_t predicted) const;
  // Pixels of class c: in the reference, in the prediction, and in both.
  int64_t reference(int64_t c) const;
  int64_t predicted(int64_t c) const;
  int64_t both(int64_t c) const { return count(c, c); }
  // Pixels of the right class / all that count; NaN when none does.
  double accuracy() const;

  // Adds the counts of another one over the same classes.
  Confusion& operator+=(const Confusion& other);

  // Counts pixels one by one; those whose reference is ignore_index do not count. Throws Error when
  // sizes differ, or a class lies outside [0, classes); nothing is counted then.
  void add(std::span<const int64_t> predicted, std::span<const int64_t> reference,
           int64_t ignore_index);
  // Counts `pixels` of class `reference` that were predicted as `predicted`. Throws Error for
  // classes outside [0, classes).
  void add_count(int64_t reference, int64_t predicted, int64_t pixels);

 private:
  int64_t classes_ = 0, ignored_ = 0;
  std::vector<int64_t> counts_;  // [reference, predicted]
};

// The class of each pixel from logits [N, C, d1, ...], i64 [N, d1, ...]: the first of the largest,
// or, with one channel, 1 where the logit is positive and 0 elsewhere.
Tensor predicted_classes(const Operand& logits);

// The counts of each sample of logits [N, C, d1, ...], C >= 2 (or one channel for two classes),
// against integers or bool [N, d1, ...]. Computes both. Throws Error when shapes, dtypes or classes
// do not fit.
std::vector<Confusion> confusion(const Operand& logits, const Tensor& target,
                                 int64_t ignore_index = -100);

}  // namespace tessera::nn
