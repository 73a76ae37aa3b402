#include "core/cpu/gemm.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "core/buffer.h"
#include "core/cpu/gemm_kernel.h"
#include "core/cpu/isa.h"
#include "core/cpu/parallel.h"

TESSERA_FOR_EACH_ISA(extern const GemmKernel<float> gemm_f32[];
                     extern const GemmKernel<double> gemm_f64[];
                     extern const GemmKernel<uint32_t> gemm_u32[];
                     extern const GemmKernel<uint64_t> gemm_u64[];
                     void gemm_turn(int64_t depth, int64_t count, const float* b, int64_t column,
                                    int64_t width, float* out))

namespace tessera::cpu {

template <class T>
static const GemmKernel<T>& narrowest(const GemmKernel<T>* kernels, int64_t columns) {
  constexpr int kWidths = 3;
  int i = 0;
  while (i + 1 < kWidths && kernels[i].columns < columns) ++i;
  return kernels[i];
}

template <>
const GemmKernel<float>& gemm_kernel(int64_t columns) {
  return narrowest(TESSERA_SELECT(gemm_f32), columns);
}
template <>
const GemmKernel<double>& gemm_kernel(int64_t columns) {
  return narrowest(TESSERA_SELECT(gemm_f64), columns);
}
template <>
const GemmKernel<uint32_t>& gemm_kernel(int64_t) {
  return TESSERA_SELECT(gemm_u32)[0];
}
template <>
const GemmKernel<uint64_t>& gemm_kernel(int64_t) {
  return TESSERA_SELECT(gemm_u64)[0];
}

namespace {

// A work item computes kRows x kColumns results, kDepth products at a time: the part of b it reads
// stays in the second-level cache, six rows of a in the first.
constexpr int64_t kRows = 192, kColumns = 256, kDepth = 256;

// Copies [depth, count] of b, stored by columns, to rows `width` apart.
template <class T>
void turn(int64_t depth, int64_t count, const T* b, int64_t column, int64_t width, T* out) {
  if constexpr (std::is_same_v<T, float>) {
    TESSERA_SELECT(gemm_turn)(depth, count, b, column, width, out);
  } else {
    for (int64_t j = 0; j < count; ++j) {
      for (int64_t p = 0; p < depth; ++p) out[p * width + j] = b[p + j * column];
    }
  }
}

// Copies [depth, columns] of b into panels of `width` columns, the last one padded with zeros.
template <class T>
void pack_columns(Matrix<const T> b, int64_t depth, int64_t columns, int64_t width, T* out) {
  for (int64_t first = 0; first < columns; first += width, out += depth * width) {
    const int64_t count = std::min(width, columns - first);
    const T* panel = b.data + first * b.column;
    if (count < width) std::fill(out, out + depth * width, T{});
    if (b.column == 1) {
      for (int64_t p = 0; p < depth; ++p)
        std::copy(panel + p * b.row, panel + p * b.row + count, out + p * width);
      continue;
    }
    if (b.row == 1) {
      turn(depth, count, panel, b.column, width, out);
      continue;
    }
    for (int64_t p = 0; p < depth; ++p) {
      for (int64_t j = 0; j < count; ++j) out[p * width + j] = panel[p * b.row + j * b.column];
    }
  }
}

// Copies [rows, depth] of a so that the `block` elements the kernel needs at once are neighbours.
template <class T>
void pack_rows(Matrix<const T> a, int64_t rows, int64_t depth, int64_t block, T* out) {
  for (int64_t first = 0; first < rows; first += block, out += depth * block) {
    const int64_t count = std::min(block, rows - first);
    for (int64_t p = 0; p < depth; ++p) {
      for (int64_t i = 0; i < count; ++i)
        out[p * block + i] = a.data[(first + i) * a.row + p * a.column];
    }
  }
}

// Adds the bias to the results [m, n] of c.
template <class T>
void add_bias(int64_t m, int64_t n, Matrix<const T> bias, Matrix<T> c) {
  for (int64_t i = 0; i < m; ++i) {
    const T* const from = bias.data + i * bias.row;
    T* const to = c.data + i * c.row;
    if (c.column == 1 && bias.column == 0) {
      for (int64_t j = 0; j < n; ++j) to[j] += *from;
    } else {
      for (int64_t j = 0; j < n; ++j) to[j * c.column] += from[j * bias.column];
    }
  }
}

// One work item: c = a b + bias for m <= kRows, n <= kColumns.
template <class T>
void gemm_block(int64_t m, int64_t n, int64_t k, Matrix<const T> a, Matrix<const T> b, Matrix<T> c,
                Matrix<const T> bias) {
  const GemmKernel<T>& kernel = gemm_kernel<T>(n);
  const int64_t width = kernel.columns, height = kernel.rows;
  const int64_t padded_n = (n + width - 1) / width * width;
  const int64_t padded_m = (m + height - 1) / height * height;
  const int64_t deepest = std::min(k, kDepth);
  const bool in_place = a.column == 1;
  const int64_t a_size = in_place ? 0 : padded_m * deepest;
  const Ref<Buffer> memory =
      allocate((padded_n * deepest + a_size + height * width) * static_cast<int64_t>(sizeof(T)));
  T* const b_panels = reinterpret_cast<T*>(memory->data);
  T* const edge = b_panels + padded_n * deepest;  // results that c has no room for as they are
  T* const a_panels = edge + height * width;

  for (int64_t p = 0; p < k; p += kDepth) {
    const int64_t depth = std::min(kDepth, k - p);
    const Matrix<const T> a_part{a.data + p * a.column, a.row, a.column};
    pack_columns<T>({b.data + p * b.row, b.row, b.column}, depth, n, width, b_panels);
    if (!in_place) pack_rows(a_part, m, depth, height, a_panels);
    for (int64_t j = 0; j < n; j += width) {
      const T* const panel = b_panels + j * depth;
      const int64_t columns = std::min(width, n - j);
      for (int64_t i = 0; i < m; i += height) {
        const int64_t rows = std::min(height, m - i);
        const T* const left = in_place ? a_part.data + i * a.row : a_panels + i * depth;
        const int64_t left_row = in_place ? a.row : 1, left_depth = in_place ? 1 : height;
        T* const out = c.data + i * c.row + j * c.column;
        if (columns == width && c.column == 1) {
          kernel.run(rows, depth, left, left_row, left_depth, panel, out, c.row, p > 0);
        } else {
          kernel.run(rows, depth, left, left_row, left_depth, panel, edge, width, false);
          for (int64_t r = 0; r < rows; ++r) {
            for (int64_t s = 0; s < columns; ++s) {
              T& result = out[r * c.row + s * c.column];
              result = p > 0 ? result + edge[r * width + s] : edge[r * width + s];
            }
          }
        }
        if (bias.data != nullptr && p + depth == k) {
          add_bias<T>(rows, columns,
                      {bias.data + i * bias.row + j * bias.column, bias.row, bias.column},
                      {out, c.row, c.column});
        }
      }
    }
  }
}

}  // namespace

template <class T>
void gemm(int64_t m, int64_t n, int64_t k, Matrix<const T> a, std::span<const int64_t> a_offset,
          Matrix<const T> b, std::span<const int64_t> b_offset, Matrix<T> c, Matrix<const T> bias) {
  const auto batch = static_cast<int64_t>(a_offset.size());
  if (k == 0) {
    std::fill(c.data, c.data + batch * m * n, T{});
    for (int64_t s = 0; s < batch && bias.data != nullptr; ++s)
      add_bias<T>(m, n, bias, {c.data + s * m * n, c.row, c.column});
    return;
  }
  if (n < m && 2 * n < gemm_kernel<T>(n).columns) {  // the kernel wants many columns: c' = b' a'
    return gemm<T>(n, m, k, {b.data, b.column, b.row}, b_offset, {a.data, a.column, a.row},
                   a_offset, {c.data, c.column, c.row}, {bias.data, bias.column, bias.row});
  }
  const int64_t column_blocks = (n + kColumns - 1) / kColumns;
  // Smaller items where they would be too few for the cores, though b is then copied more often.
  constexpr int64_t kItems = 16;
  int64_t rows = kRows;
  while (rows > 24 && batch * column_blocks * ((m + rows - 1) / rows) < kItems) rows /= 2;
  const int64_t row_blocks = (m + rows - 1) / rows;
  const double work = static_cast<double>(batch) * static_cast<double>(m) * static_cast<double>(n) *
                      static_cast<double>(k);
  parallel_for(batch * row_blocks * column_blocks, work < kSerialWork, [&](int64_t item) {
    const int64_t i = item % row_blocks * rows;
    const int64_t j = item / row_blocks % column_blocks * kColumns;
    const int64_t s = item / row_blocks / column_blocks;
    gemm_block<T>(std::min(rows, m - i), std::min(kColumns, n - j), k,
                  {a.data + a_offset[static_cast<size_t>(s)] + i * a.row, a.row, a.column},
                  {b.data + b_offset[static_cast<size_t>(s)] + j * b.column, b.row, b.column},
                  {c.data + s * m * n + i * c.row + j * c.column, c.row, c.column},
                  bias.data == nullptr ? bias
                                       : Matrix<const T>{bias.data + i * bias.row + j * bias.column,
                                                         bias.row, bias.column});
  });
}

#define INSTANTIATE(T)                                                                        \
  template void gemm<T>(int64_t, int64_t, int64_t, Matrix<const T>, std::span<const int64_t>, \
                        Matrix<const T>, std::span<const int64_t>, Matrix<T>, Matrix<const T>);
INSTANTIATE(float)
INSTANTIATE(double)
INSTANTIATE(uint32_t)
INSTANTIATE(uint64_t)
#undef INSTANTIATE

}  // namespace tessera::cpu
