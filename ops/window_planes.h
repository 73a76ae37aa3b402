#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "core/cpu/isa.h"
#include "core/cpu/parallel.h"
#include "core/cpu/reals.h"
#include "core/cpu/scratch.h"
#include "core/op.h"
#include "ops/window.h"
#include "ops/window_kernels.h"

TESSERA_FOR_EACH_ISA(extern const tessera::detail::MaxTap<float> max_tap_f32;
                     extern const tessera::detail::MaxTap<double> max_tap_f64;
                     extern const tessera::detail::PairKernels<float> pairs_f32;
                     extern const tessera::detail::PairKernels<double> pairs_f64;
                     extern const tessera::detail::AverageKernels<float> averages_f32;
                     extern const tessera::detail::AverageKernels<double> averages_f64)

// How ops/window.cpp walks over the windows of a plane.
namespace tessera::detail {

// What one window sees of a plane.
struct WindowView {
  const Span &d, &h, &w;
  int64_t H, W;  // extents of the plane

  // Calls f(position in the plane) in row-major order.
  template <class F>
  void for_each(F&& f) const {
    for (int64_t i = d.begin; i < d.end; i += d.step) {
      for (int64_t j = h.begin; j < h.end; j += h.step) {
        const int64_t row = (i * H + j) * W;
        for (int64_t k = w.begin; k < w.end; k += w.step) f(row + k);
      }
    }
  }
};

template <class T>
int64_t window_argmax(const T* x, const WindowView& view) {
  int64_t best = -1;
  T greatest{};
  view.for_each([&](int64_t i) {
    if (best < 0 || x[i] > greatest || x[i] != x[i]) {
      best = i;
      greatest = x[i];
    }
  });
  return best;
}

template <class T>
MaxTap<T> max_tap() {
  if constexpr (std::is_same_v<T, double>)
    return TESSERA_SELECT(max_tap_f64);
  else
    return TESSERA_SELECT(max_tap_f32);
}

TESSERA_REAL_KERNELS(AverageKernels, averages)

// The kernels of windows 2 x 2, side by side, of a dtype that has them; otherwise null.
template <class T>
const PairKernels<T>* pair_kernels(const Window& window) {
  for (int a = 1; a < 3; ++a) {
    const WindowAxis& axis = window.axis[static_cast<size_t>(a)];
    if (axis.adaptive || axis.kernel != 2 || axis.stride != 2 || axis.dilation != 1 ||
        axis.before != 0 || 2 * axis.outputs > axis.extent)
      return nullptr;
  }
  if (window.axis[0].extent != 1 || window.axis[0].outputs != 1) return nullptr;
  if constexpr (std::is_same_v<T, float>) return &TESSERA_SELECT(pairs_f32);
  if constexpr (std::is_same_v<T, double>) return &TESSERA_SELECT(pairs_f64);
  return nullptr;
}

// Calls f(first output, where its two rows begin) for each row of such windows.
template <class F>
void for_each_pair_of_rows(const Window& window, F&& f) {
  const int64_t W = window.axis[2].extent, Wo = window.axis[2].outputs;
  for (int64_t h = 0; h < window.axis[1].outputs; ++h) f(h * Wo, 2 * h * W, (2 * h + 1) * W);
}

// Sets the last row and column to 0, where no such window sees them.
template <class T>
void clear_behind_pairs(const Window& window, T* dx) {
  const WindowAxis &down = window.axis[1], &across = window.axis[2];
  const int64_t W = across.extent;
  for (int64_t h = 0; h < 2 * down.outputs; ++h)
    std::fill(dx + h * W + 2 * across.outputs, dx + (h + 1) * W, T{});
  std::fill(dx + 2 * down.outputs * W, dx + down.extent * W, T{});
}

// One tap of a row of windows. Where it lies for the first window, should that have it, and the
// windows that do.
struct WindowTap {
  int64_t position, begin, end;
};

// The windows of every plane, spelt out.
struct WindowGrid {
  explicit WindowGrid(const Window& w);
  const Window& window;
  std::array<std::vector<Span>, 3> spans;
  // The taps along the last axis, if rows of windows are computed together, tap by tap.
  std::vector<WindowTap> columns;
  bool by_rows = false;
};

inline WindowGrid::WindowGrid(const Window& w) : window(w), spans(w.spans()) {
  constexpr int64_t kTaps = 4096;  // whose numbers a float holds
  constexpr int64_t kLeast = 16;   // windows of a row that are worth it
  const auto& axis = window.axis;
  const WindowAxis& across = axis[2];
  by_rows = across.outputs >= kLeast;
  for (const WindowAxis& a : axis) by_rows = by_rows && !a.adaptive && a.kernel <= 64;
  by_rows = by_rows && axis[0].kernel * axis[1].kernel * across.kernel <= kTaps;
  if (!by_rows) return;
  for (int64_t k = 0; k < across.kernel; ++k) {
    const int64_t column = k * across.dilation - across.before;
    const auto before = [&](int64_t end) {  // windows whose tap lies before that column
      const int64_t windows = (end - column + across.stride - 1) / across.stride;
      return end <= column ? 0 : std::min(windows, across.outputs);
    };
    const WindowTap tap{column, before(0), before(across.extent)};
    if (tap.begin < tap.end) columns.push_back(tap);
  }
}

// One plane of arrays that all have equally many; T is the C++ type that their elements are
// computed in, to which those of inputs in halves are converted. The results of halves are
// converted back.
template <class T>
class WindowPlane {
 public:
  WindowPlane(const WindowGrid& windows, int64_t planes) : grid(windows), count_(planes) {}
  const WindowGrid& grid;

  void move_to(int64_t number) {
    number_ = number;
    memory_.clear();
  }
  const T* in(const Array& array) {
    const int64_t n = array.numel() / count_;
    if (!is_half(array.dtype)) return array.as<T>() + number_ * n;
    if constexpr (std::is_same_v<T, float>) {
      return (cpu::ConstReals(array.data, array.dtype) + number_ * n).view(n, memory(n));
    }
    return nullptr;
  }
  template <class U = T>
  U* out(const Array& array) {
    const int64_t n = array.numel() / count_;
    if (!is_half(array.dtype)) return array.as<U>() + number_ * n;
    if constexpr (std::is_same_v<U, float>) return result_ = memory(n);
    return nullptr;
  }
  void finish(const Array& output) const {
    const int64_t n = output.numel() / count_;
    if (result_ == nullptr) return;
    (cpu::Reals(output.data, output.dtype) + number_ * n).write(n, result_);
  }

  // Calls f(output, WindowView) for each window.
  template <class F>
  void for_each_window(F&& f) const {
    const int64_t H = grid.window.axis[1].extent, W = grid.window.axis[2].extent;
    int64_t output = 0;
    for (const Span& d : grid.spans[0]) {
      for (const Span& h : grid.spans[1]) {
        for (const Span& w : grid.spans[2]) f(output++, WindowView{d, h, w, H, W});
      }
    }
  }

  // Calls f(first output, d, h, its taps in row-major order) for each row of windows.
  template <class F>
  void for_each_row(F&& f) {
    const int64_t H = grid.window.axis[1].extent, W = grid.window.axis[2].extent;
    int64_t output = 0;
    for (const Span& d : grid.spans[0]) {
      for (const Span& h : grid.spans[1]) {
        taps_.clear();
        for (int64_t i = d.begin; i < d.end; i += d.step) {
          for (int64_t j = h.begin; j < h.end; j += h.step) {
            for (const WindowTap& tap : grid.columns)
              taps_.push_back({(i * H + j) * W + tap.position, tap.begin, tap.end});
          }
        }
        f(output, d, h, taps_);
        output += std::ssize(grid.spans[2]);
      }
    }
  }

  // Calls f(output, position of the maximum of x) for each window; -1 where it sees nothing.
  template <class F>
  void for_each_maximum(const T* x, F&& f) {
    if constexpr (std::is_floating_point_v<T>) {
      if (grid.by_rows) return for_each_maximum_of_rows(x, f);
    }
    for_each_window(
        [&](int64_t output, const WindowView& view) { f(output, window_argmax(x, view)); });
  }

 private:
  template <class F>
  void for_each_maximum_of_rows(const T* x, F&& f) {
    const int64_t stride = grid.window.axis[2].stride;
    const size_t n = grid.spans[2].size();
    std::vector<T> greatest(n), place(n);
    for_each_row([&](int64_t output, const Span&, const Span&, const std::vector<WindowTap>& taps) {
      std::fill(place.begin(), place.end(), T(-1));
      for (size_t t = 0; t < taps.size(); ++t) {
        const auto [position, begin, end] = taps[t];
        max_tap<T>()(x + position + begin * stride, stride, end - begin, static_cast<T>(t),
                     greatest.data() + begin, place.data() + begin);
      }
      for (size_t o = 0; o < n; ++o) {
        const bool none = place[o] < T(0);
        f(output + static_cast<int64_t>(o),
          none ? -1
               : taps[static_cast<size_t>(place[o])].position + static_cast<int64_t>(o) * stride);
      }
    });
  }

  float* memory(int64_t n) { return memory_.emplace_back(n).data(); }

  int64_t number_ = 0, count_;
  std::vector<WindowTap> taps_;
  std::vector<cpu::Scratch<float>> memory_;
  float* result_ = nullptr;
};

inline int64_t planes_of(const Shape& shape, const Window& window) {
  return shape.slice(0, shape.ndim() - window.ndim).numel();
}

// Calls f(WindowPlane<T>) for each plane of an output. The plane is the unit of parallel work, so
// that no two threads add to one element.
template <class F>
void for_each_plane(const Window& window, DType dtype, const Array& output, F&& f) {
  if (output.numel() == 0) return;
  constexpr int64_t few = 1 << 14;
  const WindowGrid grid(window);
  const int64_t planes = planes_of(output.shape, window);
  const int64_t grain = std::max<int64_t>(1, few / std::max(window.extent(), window.outputs()));
  dispatch(compute_type(dtype), [&]<class T>(T) {
    if constexpr (std::is_arithmetic_v<T> && !std::is_same_v<T, bool>) {
      cpu::parallel_ranges(planes, grain, [&](int64_t begin, int64_t end) {
        WindowPlane<T> plane(grid, planes);
        for (int64_t i = begin; i < end; ++i) {
          plane.move_to(i);
          f(plane);
          plane.finish(output);
        }
      });
    }
  });
}

}  // namespace tessera::detail
