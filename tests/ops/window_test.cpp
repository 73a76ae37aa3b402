#include "ops/window.h"

#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/unary.h"

using namespace tessera;
using namespace tessera::detail;

namespace {

std::vector<int64_t> positions(const Span& span) {
  std::vector<int64_t> result;
  for (int64_t i = span.begin; i < span.end; i += span.step) result.push_back(i);
  CHECK(static_cast<int64_t>(result.size()) == span.inside());
  return result;
}

using Positions = std::vector<int64_t>;

// Windows over two axes, from the plain definition: calls f(output, position, divisor) for all that
// they see.
template <class F>
void for_each_seen(const Window& window, const Divisor& divisor, F&& f) {
  const WindowAxis &down = window.axis[1], &across = window.axis[2];
  for (int64_t o = 0; o < window.outputs(); ++o) {
    const Span h = down.span(o / across.outputs), w = across.span(o % across.outputs);
    const int64_t seen = divisor.count_padding ? h.padded * w.padded : h.inside() * w.inside();
    const int64_t by = divisor.number != 0 ? divisor.number : std::max<int64_t>(1, seen);
    for (const int64_t i : positions(h)) {
      for (const int64_t j : positions(w)) f(o, i * across.extent + j, static_cast<double>(by));
    }
  }
}

template <class T>
void check_averages(const Window& window, const Divisor& divisor, DType dtype) {
  const Tensor x =
      cast(sin(cast(iota({2, window.axis[1].extent, window.axis[2].extent}), f32)), dtype);
  const Tensor watched = variable(x), y = average_windows(watched, window, divisor);
  const Tensor dy = cast(sin(cast(iota(y.shape()), f32) + 0.5), dtype);
  const auto in = cast(x, compute_type(dtype)).to_vector<T>(),
             seed = cast(dy, compute_type(dtype)).to_vector<T>();
  std::vector<double> sums(seed.size(), 0);
  std::vector<T> averages(seed.size(), 0), dx(in.size(), 0);
  for (size_t plane = 0; plane < 2; ++plane) {
    for_each_seen(window, divisor, [&](int64_t output, int64_t position, double by) {
      const size_t o = plane * seed.size() / 2 + static_cast<size_t>(output);
      const size_t i = plane * in.size() / 2 + static_cast<size_t>(position);
      sums[o] += static_cast<double>(in[i]);
      averages[o] = static_cast<T>(sums[o] / by);
      dx[i] += static_cast<T>(static_cast<double>(seed[o]) / by);
    });
  }
  const auto same = [&](const Tensor& got, const std::vector<T>& wanted) {
    const DType type = dtype_of<T>;
    CHECK(cast(got, type).to_vector<T>() ==
          cast(cast(tensor<T>(wanted, got.shape()), dtype), type).template to_vector<T>());
  };
  same(y, averages);
  same(grad(y, watched, {.seed = dy}), dx);
}

}  // namespace

TEST_SUITE("ops/window") {
  TEST_CASE("a sliding window sees what lies in the input, and counts its padding") {
    const WindowAxis axis{
        .extent = 5, .outputs = 4, .kernel = 3, .stride = 2, .before = 1, .after = 1};
    CHECK(positions(axis.span(0)) == Positions{0, 1});
    CHECK(positions(axis.span(1)) == Positions{1, 2, 3});
    CHECK(positions(axis.span(2)) == Positions{3, 4});
    CHECK(positions(axis.span(3)).empty());
    CHECK(axis.span(0).padded == 3);
    CHECK(axis.span(2).padded == 3);
    CHECK(axis.span(3).padded == 1);
  }

  TEST_CASE("dilation skips positions") {
    const WindowAxis axis{.extent = 7,
                          .outputs = 3,
                          .kernel = 3,
                          .stride = 3,
                          .dilation = 2,
                          .before = 3,
                          .after = 2};
    CHECK(positions(axis.span(0)) == Positions{1});
    CHECK(positions(axis.span(1)) == Positions{0, 2, 4});
    CHECK(positions(axis.span(2)) == Positions{3, 5});
    const WindowAxis miss{
        .extent = 1, .outputs = 1, .kernel = 2, .dilation = 2, .before = 1, .after = 1};
    CHECK(positions(miss.span(0)).empty());
    CHECK(miss.span(0).padded == 2);
  }

  TEST_CASE("adaptive windows cover the input, whatever its size") {
    const WindowAxis axis{.extent = 7, .outputs = 3, .adaptive = true};
    CHECK(positions(axis.span(0)) == Positions{0, 1, 2});
    CHECK(positions(axis.span(1)) == Positions{2, 3, 4});
    CHECK(positions(axis.span(2)) == Positions{4, 5, 6});
    const WindowAxis finer{.extent = 2, .outputs = 3, .adaptive = true};
    CHECK(positions(finer.span(1)) == Positions{0, 1});
    const int64_t huge = int64_t{1} << 45, many = int64_t{1} << 30;
    const WindowAxis large{.extent = huge + 1, .outputs = many, .adaptive = true};
    CHECK(large.span(0).begin == 0);
    CHECK(large.span(many - 1).end == huge + 1);
  }

  TEST_CASE("windows 2 x 2 have kernels of their own, which find the same maxima") {
    for (const DType dtype : {f32, f64}) {
      for (const int64_t H : {2, 3, 8}) {
        for (const int64_t W : {2, 5, 9, 70}) {
          std::vector<double> values(static_cast<size_t>(2 * H * W));
          for (size_t i = 0; i < values.size(); ++i)  // many are equal, some are nan
            values[i] = i % 37 == 5 ? NAN : static_cast<double>(i * 7919 % 5);
          const Tensor x = variable(cast(tensor<double>(values, {2, H, W}), dtype));
          Window window;
          window.ndim = 2;
          window.axis[1] = {.extent = H, .outputs = H / 2, .kernel = 2, .stride = 2};
          window.axis[2] = {.extent = W, .outputs = W / 2, .kernel = 2, .stride = 2};
          const Tensor y = max_windows(x, window);
          const auto greatest = y.to_vector<double>();
          const auto places = argmax_windows(x, window).to_vector<int64_t>();
          const auto dx =
              grad(y, x, {.seed = cast(iota(y.shape()) + 1, dtype)}).to_vector<double>();
          std::vector<double> expected(values.size(), 0);
          const auto plane = static_cast<size_t>(y.numel() / 2);
          for (size_t o = 0; o < places.size(); ++o) {
            const size_t i =
                o / plane * static_cast<size_t>(H * W) + static_cast<size_t>(places[o]);
            expected[i] += static_cast<double>(o + 1);
            CHECK(doctest::toString(greatest[o]) == doctest::toString(values[i]));
          }
          CHECK(dx == expected);
        }
      }
    }
  }

  TEST_CASE("averages have the bits of plain loops, whichever way they are computed") {
    struct Case {
      int64_t kernel, stride, dilation, before, after;
    };
    const Case cases[] = {{2, 2, 1, 0, 0}, {2, 2, 1, 0, 1}, {3, 1, 1, 1, 1}, {3, 2, 1, 1, 1},
                          {2, 3, 2, 1, 2}, {1, 1, 1, 0, 0}, {5, 3, 1, 2, 0}, {4, 4, 1, 1, 2}};
    for (const Case& c : cases) {
      for (const int64_t H : {1, 2, 3, 7}) {
        for (const int64_t W : {5, 8, 9, 31, 67, 131}) {
          const auto axis = [&](int64_t extent) {
            const int64_t room = extent + c.before + c.after - (c.kernel - 1) * c.dilation;
            return WindowAxis{.extent = extent,
                              .outputs = room < 1 ? 0 : (room - 1) / c.stride + 1,
                              .kernel = c.kernel,
                              .stride = c.stride,
                              .dilation = c.dilation,
                              .before = c.before,
                              .after = c.after};
          };
          Window window;
          window.ndim = 2;
          window.axis[1] = axis(H);
          window.axis[2] = axis(W);
          if (window.outputs() == 0) continue;
          INFO("kernel ", c.kernel, " stride ", c.stride, " of ", H, " x ", W);
          check_averages<float>(window, {}, f32);
          check_averages<double>(window, {.count_padding = true}, f64);
          check_averages<float>(window, {.number = -3}, bf16);
        }
      }
    }
  }
}
