#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>
#include <vector>

#include "core/cpu/isa.h"
#include "core/cpu/reals.h"
#include "core/cpu/scratch.h"
#include "core/op.h"
#include "ops/window.h"
#include "ops/window_kernels.h"

TESSERA_FOR_EACH_ISA(extern const tessera::detail::MaxTap<float> max_tap_f32;
                     extern const tessera::detail::MaxTap<double> max_tap_f64)

// How ops/window.cpp walks over the windows of a plane.
namespace tessera::detail {

using WindowSpans = std::array<std::vector<Span>, 3>;

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

// One plane of arrays that all have equally many; T is the C++ type that their elements are
// computed in, to which those of inputs in halves are converted. The results of halves are
// converted back.
template <class T>
class WindowPlane {
 public:
  WindowPlane(const Window& w, const WindowSpans& s, int64_t n, int64_t planes)
      : window(w), spans(s), number_(n), count_(planes) {}
  const Window& window;
  const WindowSpans& spans;

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
    const int64_t H = window.axis[1].extent, W = window.axis[2].extent;
    int64_t output = 0;
    for (const Span& d : spans[0]) {
      for (const Span& h : spans[1]) {
        for (const Span& w : spans[2]) f(output++, WindowView{d, h, w, H, W});
      }
    }
  }

  // Calls f(output, position of the maximum of x) for each window; -1 where it sees nothing.
  template <class F>
  void for_each_maximum(const T* x, F&& f) const {
    if constexpr (std::is_floating_point_v<T>) {
      constexpr int64_t kTaps = 4096;  // whose numbers T holds
      const auto& axis = window.axis;
      const bool few = std::max({axis[0].kernel, axis[1].kernel, axis[2].kernel}) <= 64 &&
                       axis[0].kernel * axis[1].kernel * axis[2].kernel <= kTaps;
      if (few && !axis[0].adaptive && !axis[1].adaptive && !axis[2].adaptive)
        return for_each_row(x, f);
    }
    for_each_window(
        [&](int64_t output, const WindowView& view) { f(output, window_argmax(x, view)); });
  }

 private:
  // All windows of a row of results together, tap by tap.
  template <class F>
  void for_each_row(const T* x, F&& f) const {
    const int64_t H = window.axis[1].extent;
    const WindowAxis& across = window.axis[2];
    const auto n = static_cast<size_t>(across.outputs);
    std::vector<T> greatest(n), place(n);
    std::vector<int64_t> first;  // by tap: where the first window has it
    int64_t output = 0;
    for (const Span& d : spans[0]) {
      for (const Span& h : spans[1]) {
        std::fill(place.begin(), place.end(), T(-1));
        first.clear();
        for (int64_t i = d.begin; i < d.end; i += d.step) {
          for (int64_t j = h.begin; j < h.end; j += h.step) {
            for (int64_t k = 0; k < across.kernel; ++k) {
              const int64_t column = k * across.dilation - across.before, line = (i * H + j);
              const auto reaches = [&](int64_t c) {  // windows whose tap lies in front of column c
                const int64_t windows = (c - column + across.stride - 1) / across.stride;
                return c <= column ? 0 : std::min(windows, across.outputs);
              };
              const int64_t low = reaches(0), high = reaches(across.extent);
              const auto tap = static_cast<T>(first.size());
              first.push_back(line * across.extent + column);
              if (low < high) {
                max_tap<T>()(x + first.back() + low * across.stride, across.stride, high - low, tap,
                             greatest.data() + low, place.data() + low);
              }
            }
          }
        }
        for (size_t o = 0; o < n; ++o) {
          const bool none = place[o] < T(0);
          f(output++,
            none ? -1
                 : first[static_cast<size_t>(place[o])] + static_cast<int64_t>(o) * across.stride);
        }
      }
    }
  }

  float* memory(int64_t n) { return memory_.emplace_back(n).data(); }

  int64_t number_, count_;
  std::vector<cpu::Scratch<float>> memory_;
  float* result_ = nullptr;
};

}  // namespace tessera::detail
