#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "core/tensor.h"
#include "infer/tiling.h"

namespace tessera::infer {

// What a network does: from x [1, C, d1, ...] to logits [1, classes, d1, ...].
using Predictor = std::function<Tensor(const Tensor&)>;

struct SlidingWindowOptions {
  Shape window;          // extents [d1, ...]; longer ones than the picture's are padded with zeros
  double overlap = 0.5;  // of neighbouring windows, as a share of the window
  Placement placement = Placement::nnunet;
  Blend blend = Blend::gaussian;
};

// Predicts what is too large to be predicted at once: window by window, with the results blended
// where windows overlap.
//
// The sums over the windows are kept for one window's length of the first axis only; what no later
// window touches is finished and handed on, slab by slab. So the memory is bounded whatever the
// length of that axis and however many classes there are.
class SlidingWindow {
 public:
  // For pictures [1, C, d1, ...] of 1 to 3 spatial axes whose extents are `picture`. Throws Error
  // when ranks differ or an option cannot be.
  SlidingWindow(const Shape& picture, const SlidingWindowOptions& options);

  int64_t windows() const;  // how many there are
  // The memory that the sums and one finished slab take for so many classes, without what the
  // network itself takes for one window.
  int64_t bytes(int64_t classes) const;

  // Finished logits [1, classes, n, d2, ...] of places first, ..., first + n - 1 of the first axis;
  // slabs come in order.
  using Slab = std::function<void(int64_t first, const Tensor& logits)>;
  // Calls predict for each window of x, and `finished` for each slab; `each` after every window.
  // Throws Error when x has another size, or a result does not have the size of its window.
  void run(const Tensor& x, const Predictor& predict, const Slab& finished,
           const std::function<void()>& each = {}) const;

 private:
  Shape picture_, padded_, before_;  // three axes, the missing ones of extent 1
  Shape window_;
  std::vector<std::vector<int64_t>> starts_;  // of the windows along each axis
  std::vector<std::vector<double>> weights_;  // along each axis
  double least_weight_;
  int rank_;
};

// The logits of all of x at once, [1, classes, d1, ...].
Tensor sliding_window(const Tensor& x, const Predictor& predict,
                      const SlidingWindowOptions& options);

// The mean of the logits over x and its mirror images along every subset of `axes` (counted from
// the first spatial one, 0), each mirrored back: 2^axes predictions. As nnU-Net's mirroring.
Predictor mirrored(Predictor predict, std::vector<int64_t> axes);

}  // namespace tessera::infer
