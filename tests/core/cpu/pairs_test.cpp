#include "core/cpu/pairs.h"

#include <vector>

#include "core/cpu/gemm.h"
#include "core/cpu/reals.h"
#include "core/cpu/tiles.h"
#include "tests/ops/conv_check.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

constexpr cpu::GemmKernel<BFloat16> plain_tiles = cpu::tile_kernel<cpu::PlainTiles>();

// With the kernel of the processor, if it has one, and with tiles in plain C++.
template <class F>
void for_each_kernel(F&& f) {
  if (cpu::pair_kernel() != nullptr) f();
  const cpu::PairKernelInUse plain(&plain_tiles);
  f();
}

std::vector<BFloat16> narrowed(const std::vector<float>& values) {
  std::vector<BFloat16> halves(values.size());
  cpu::narrow(values.data(), static_cast<int64_t>(values.size()), halves.data());
  return halves;
}

cpu::ConstReals reals(const std::vector<BFloat16>& values) {
  return {reinterpret_cast<const std::byte*>(values.data()), bf16};
}

void check_product(int64_t m, int64_t n, int64_t k, bool transpose_a, bool transpose_b) {
  CAPTURE(m);
  CAPTURE(n);
  CAPTURE(k);
  const std::vector<float> a = whole_numbers({2 * m, k}, 1), b = whole_numbers({k, n}, 2),
                           bias = whole_numbers({m}, 3);
  const std::vector<BFloat16> low_a = narrowed(a), low_b = narrowed(b);
  std::vector<float> c(static_cast<size_t>(2 * m * n), -1.0f), expected = c;
  const int64_t a_offset[] = {0, m * k}, b_offset[] = {0, 0};
  const int64_t a_row = transpose_a ? 1 : k, a_column = transpose_a ? m : 1;
  const int64_t b_row = transpose_b ? 1 : n, b_column = transpose_b ? k : 1;
  const cpu::Matrix<const float> biases{bias.data(), 1, 0};
  cpu::gemm<float>(m, n, k, {a.data(), a_row, a_column}, a_offset, {b.data(), b_row, b_column},
                   b_offset, {expected.data(), n, 1}, biases);
  cpu::gemm<BFloat16>(m, n, k, {low_a.data(), a_row, a_column}, a_offset,
                      {low_b.data(), b_row, b_column}, b_offset, {c.data(), n, 1}, biases);
  CHECK(c == expected);
}

}  // namespace

TEST_SUITE("core/cpu/pairs") {
  TEST_CASE("products of matrices in bf16 equal those in f32 of the same whole numbers") {
    for_each_kernel([] {
      for (const bool transpose_a : {false, true}) {
        for (const bool transpose_b : {false, true}) {
          for (const int64_t m : {1, 6, 13, 33, 70}) {
            for (const int64_t n : {1, 7, 32, 64, 70})
              check_product(m, n, 35, transpose_a, transpose_b);
          }
          check_product(97, 200, 520, transpose_a, transpose_b);
          check_product(40, 36, 1, transpose_a, transpose_b);
          check_product(20, 65, 64, transpose_a, transpose_b);
        }
      }
    });
  }

  TEST_CASE("so do the three passes of convolutions, one with another in f32") {
    struct Case {
      Shape x, w;
      ConvOptions options;
    };
    const Case cases[] = {
        {{2, 5, 9, 11}, {7, 5, 3, 3}, {.padding = 1}},
        {{1, 33, 6, 5}, {17, 33, 3, 3}, {.stride = 2, .padding = 1}},
        {{1, 6, 20, 21}, {8, 3, 2, 3}, {.stride = {1, 3}, .dilation = 2, .groups = 2}},
        {{2, 40, 33, 9}, {70, 40, 1, 1}, {}},
        {{1, 3, 300}, {5, 3, 7}, {.padding = 3}},
        {{1, 4, 5, 6, 7}, {3, 4, 3, 1, 3}, {.padding = 1}},
    };
    for_each_kernel([&] {
      for (const Case& c : cases) {
        const detail::ConvGeometry g =
            detail::conv_geometry("conv", c.x.ndim() - 2, c.x, c.w, c.options);
        const auto low = [](const float* values, const Shape& shape) {
          return narrowed({values, values + shape.numel()});
        };
        check_passes(
            g,
            [&](const auto&, const float* x, const float* w, const float* bias, float* y,
                const Finished& done) {
              detail::pairs_forward(g, reals(low(x, g.x_shape())), w, bias, y, done);
            },
            [&](const auto&, const float* dy, const float* w, const float* bias, float* dx,
                const Finished& done) {
              detail::pairs_backward_data(g, reals(low(dy, g.y_shape())), w, bias, dx, done);
            },
            [&](const auto&, const float* x, const float* dy, float* dw) {
              detail::pairs_backward_weight(g, reals(low(x, g.x_shape())),
                                            reals(low(dy, g.y_shape())), dw);
            });
      }
    });
  }

  TEST_CASE("nothing to sum is zero, and sums can go on") {
    for_each_kernel([] {
      const cpu::GemmKernel<BFloat16>& kernel = *cpu::pair_kernel();
      const auto size = static_cast<size_t>(kernel.rows * kernel.columns);
      std::vector<float> c(size, 3.0f);
      std::vector<BFloat16> a(static_cast<size_t>(kernel.rows * kernel.step), BFloat16(1.0f)),
          b(static_cast<size_t>(kernel.step * kernel.columns), BFloat16(0.5f));
      const auto run = [&](int64_t depth, bool accumulate) {
        kernel.run(kernel.rows, depth, a.data(), kernel.step, 1, b.data(), c.data(), kernel.columns,
                   accumulate);
        return c;
      };
      const auto half = static_cast<float>(kernel.step) / 2;
      CHECK(run(kernel.step, true) == std::vector<float>(size, 3 + half));
      CHECK(run(kernel.step, false) == std::vector<float>(size, half));
      CHECK(run(0, true) == std::vector<float>(size, half));
      CHECK(run(0, false) == std::vector<float>(size, 0.0f));
    });
  }
}
