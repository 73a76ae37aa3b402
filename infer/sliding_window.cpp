#include "infer/sliding_window.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/cpu/parallel.h"
#include "core/error.h"
#include "core/settings.h"
#include "ops/binary.h"
#include "ops/join.h"
#include "ops/shape.h"

namespace tessera::infer {

namespace {

constexpr int kAxes = 3;

// One to three spatial axes as three. The first stays the first: it is the one that slabs go along.
Shape three_axes(const Shape& spatial) {
  Shape out{1, 1, 1};
  for (int i = 0; i < std::min(spatial.ndim(), kAxes); ++i) out[i] = spatial[i];
  return out;
}

int64_t area(const Shape& shape) {
  return shape[1] * shape[2];
}

}  // namespace

SlidingWindow::SlidingWindow(const Shape& picture, const SlidingWindowOptions& options)
    : picture_(three_axes(picture)),
      padded_(picture_),
      before_{0, 0, 0},
      window_(three_axes(options.window)),
      // MONAI does not let the corners of a Gaussian vanish.
      least_weight_(options.placement == Placement::monai ? 1e-3 : 0),
      rank_(picture.ndim()) {
  require(
      rank_ >= 1 && rank_ <= kAxes && options.window.ndim() == rank_,
      "sliding_window: picture and window must have the same 1 to 3 spatial axes, got {} and {}",
      picture, options.window);
  for (int axis = 0; axis < kAxes; ++axis) {
    require(window_[axis] >= 1 && picture_[axis] >= 1,
            "sliding_window: extents must be at least 1, got the picture {} and the window {}",
            picture, options.window);
    padded_[axis] = std::max(picture_[axis], window_[axis]);
    before_[axis] = (padded_[axis] - picture_[axis]) / 2;
    starts_.push_back(
        window_starts(padded_[axis], window_[axis], options.overlap, options.placement));
    weights_.push_back(axis < rank_
                           ? window_weights(window_[axis], options.blend, options.placement)
                           : std::vector<double>{1});
  }
}

int64_t SlidingWindow::windows() const {
  return static_cast<int64_t>(starts_[0].size() * starts_[1].size() * starts_[2].size());
}

int64_t SlidingWindow::bytes(int64_t classes) const {
  const int64_t sums = (classes + 1) * window_[0] * area(padded_);
  const int64_t slab = classes * window_[0] * area(picture_);
  return (sums + slab) * static_cast<int64_t>(sizeof(float));
}

// Sums over windows for window_[0] places of the first axis, as a ring: place i lies at i modulo
// the window.
class WindowSums {
 public:
  WindowSums(int64_t classes, const Shape& padded, const Shape& window)
      : classes_(classes), padded_(padded), window_(window) {
    sums_.assign(static_cast<size_t>((classes + 1) * window[0] * area(padded)), 0);
  }

  // Adds a window's result at `start`, weighted.
  void add(const Tensor& result, const std::array<int64_t, kAxes>& start,
           const std::vector<float>& weights) {
    const std::span<const float> values = result.data<float>();
    const int64_t size = static_cast<int64_t>(weights.size());
    cpu::parallel_for((classes_ + 1) * window_[0], false, [&](int64_t item) {
      const int64_t channel = item / window_[0], d = item % window_[0];
      for (int64_t h = 0; h < window_[1]; ++h) {
        const int64_t from = (d * window_[1] + h) * window_[2];
        const float* weight = weights.data() + from;
        const float* value = channel < classes_ ? values.data() + channel * size + from : nullptr;
        float* sum = at(channel, start[0] + d) + (start[1] + h) * padded_[2] + start[2];
        for (int64_t w = 0; w < window_[2]; ++w) {
          sum[w] += value == nullptr ? weight[w] : weight[w] * value[w];
        }
      }
    });
  }

  // The means at places [first, last) of the first axis, cut to the picture; clears them.
  std::vector<float> take(int64_t first, int64_t last, const Shape& before, const Shape& picture) {
    const int64_t places = last - first;
    std::vector<float> out(static_cast<size_t>(classes_ * places * area(picture)));
    cpu::parallel_for(places, false, [&](int64_t place) {
      const float* weight = at(classes_, first + place);
      for (int64_t c = 0; c < classes_; ++c) {
        const float* sum = at(c, first + place);
        float* to = out.data() + (c * places + place) * area(picture);
        for (int64_t h = 0; h < picture[1]; ++h) {
          const int64_t from = (before[1] + h) * padded_[2] + before[2];
          for (int64_t w = 0; w < picture[2]; ++w) *to++ = sum[from + w] / weight[from + w];
        }
      }
      for (int64_t c = 0; c <= classes_; ++c) std::fill_n(at(c, first + place), area(padded_), 0.F);
    });
    return out;
  }

 private:
  float* at(int64_t channel, int64_t place) {
    return sums_.data() + (channel * window_[0] + place % window_[0]) * area(padded_);
  }

  int64_t classes_;
  Shape padded_, window_;
  std::vector<float> sums_;  // [classes + 1 (weights), window, padded H, padded W]
};

void SlidingWindow::run(const Tensor& x, const Predictor& predict, const Slab& finished,
                        const std::function<void()>& each) const {
  const Shape spatial = picture_.slice(0, rank_);
  require(x.ndim() == rank_ + 2 && x.shape(0) == 1 && x.shape().slice(2, x.ndim()) == spatial,
          "sliding_window: x must be [1, C] and {}, got {}", spatial, x.shape());
  const NoGrad no_grad;
  Shape pad_before{0, 0}, pad_after{0, 0};
  for (int axis = 0; axis < rank_; ++axis) {
    pad_before.push_back(before_[axis]);
    pad_after.push_back(padded_[axis] - picture_[axis] - before_[axis]);
  }
  const Tensor padded = pad_zeros(x, pad_before, pad_after);

  std::vector<float> weights;
  for (const double a : weights_[0]) {
    for (const double b : weights_[1]) {
      for (const double c : weights_[2]) {
        weights.push_back(static_cast<float>(std::max(a * b * c, least_weight_)));
      }
    }
  }

  std::optional<WindowSums> sums;
  int64_t classes = 0, done = before_[0];
  const int64_t end = before_[0] + picture_[0];
  const auto finish_before = [&](int64_t place) {
    const int64_t last = std::min(place, end);
    if (last <= done) return;
    Shape shape{1, classes, last - done};
    for (int axis = 1; axis < rank_; ++axis) shape.push_back(picture_[axis]);
    const std::vector<float> means = sums->take(done, last, before_, picture_);
    finished(done - before_[0], tensor<float>(means, shape));
    done = last;
  };
  for (const int64_t d : starts_[0]) {
    finish_before(d);
    for (const int64_t h : starts_[1]) {
      for (const int64_t w : starts_[2]) {
        const std::array<int64_t, kAxes> start = {d, h, w};
        std::vector<SliceOptions> cut(2);
        for (int axis = 0; axis < rank_; ++axis) {
          cut.push_back({.start = start[axis], .stop = start[axis] + window_[axis]});
        }
        const Tensor result = predict(slice(padded, cut));
        if (!sums) {
          classes = result.shape(1);
          sums.emplace(classes, padded_, window_);
        }
        Shape expected{1, classes};
        for (int axis = 0; axis < rank_; ++axis) expected.push_back(window_[axis]);
        require(result.shape() == expected && result.dtype() == f32,
                "sliding_window: a window's result must be f32 {}, got {} {}", expected,
                name_of(result.dtype()), result.shape());
        sums->add(result, start, weights);
        if (each) each();
      }
    }
  }
  finish_before(end);
}

Tensor sliding_window(const Tensor& x, const Predictor& predict,
                      const SlidingWindowOptions& options) {
  require(x.ndim() >= 3, "sliding_window: x must be [1, C, d1, ...], got {}", x.shape());
  const SlidingWindow windows(x.shape().slice(2, x.ndim()), options);
  Tensors slabs;
  windows.run(x, predict, [&](int64_t, const Tensor& logits) { slabs.push_back(logits); });
  return cat(slabs, 2);
}

Predictor mirrored(Predictor predict, std::vector<int64_t> axes) {
  return [predict = std::move(predict), axes = std::move(axes)](const Tensor& x) {
    const NoGrad no_grad;
    const uint64_t subsets = uint64_t{1} << axes.size();
    Tensor sum;
    for (uint64_t subset = 0; subset < subsets; ++subset) {
      Shape flipped;
      for (size_t i = 0; i < axes.size(); ++i) {
        if ((subset >> i) % 2 == 1) flipped.push_back(axes[i] + 2);
      }
      const Tensor result = flipped.empty() ? predict(x) : flip(predict(flip(x, flipped)), flipped);
      sum = sum.defined() ? sum + result : result;
      eval({sum});  // one prediction at a time in memory
    }
    return sum / static_cast<double>(subsets);
  };
}

}  // namespace tessera::infer
