#include "core/cpu/gemm.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "core/buffer.h"
#include "core/cpu/gemm_kernel.h"
#include "core/cpu/isa.h"
#include "core/cpu/pairs.h"
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

// A work item computes about kRows x kColumns results, kDepth products at a time: the part of b it
// reads stays in the second-level cache, six rows of a in the first.
constexpr int64_t kRows = 192, kColumns = 256, kDepth = 256;

int64_t rounded(int64_t count, int64_t to) {
  return (count + to - 1) / to * to;
}

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

// A panel of `count` of `width` columns, in pairs.
void pack_pairs(Matrix<const BFloat16> b, int64_t depth, int64_t count, int64_t width, int64_t step,
                BFloat16* out) {
  const int64_t padded = rounded(depth, step);
  if (b.column == 1 && b.row != 1) {
    RowPacker<BFloat16> packer(out, width);
    for (int64_t p = 0; p < depth; ++p) {
      BFloat16* const row = packer.row();
      std::copy(b.data + p * b.row, b.data + p * b.row + count, row);
      std::fill(row + count, row + width, BFloat16());
      packer.done();
    }
    packer.pad(step);
    return;
  }
  if (count < width || depth < padded) std::fill(out, out + padded * width, BFloat16());
  int64_t p = 0;
  if (b.row == 1 && b.column % 2 == 0) {  // pairs are as floats that are moved
    p = depth / 2 * 2;
    turn(p / 2, count, reinterpret_cast<const float*>(b.data), b.column / 2, width,
         reinterpret_cast<float*>(out));
  }
  for (; p < depth; ++p) {
    for (int64_t j = 0; j < count; ++j)
      out[row_element<BFloat16>(p, j, width)] = b.data[p * b.row + j * b.column];
  }
}

// Copies [depth, columns] of b into panels of `width` columns, the last one padded with zeros.
template <class T>
void pack_columns(Matrix<const T> b, int64_t depth, int64_t columns, int64_t width, T* out) {
  if constexpr (std::is_same_v<T, BFloat16>) {
    const int64_t step = gemm_kernel<T>().step;
    for (int64_t first = 0; first < columns; first += width) {
      pack_pairs({b.data + first * b.column, b.row, b.column}, depth,
                 std::min(width, columns - first), width, step, out + first * rounded(depth, step));
    }
    return;
  }
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

// Copies kBlock rows of a so that the elements the kernel needs at once are neighbours.
template <int64_t kBlock, class T>
void pack_block(Matrix<const T> a, int64_t depth, T* out) {
  if (a.row == 1) {
    for (int64_t p = 0; p < depth; ++p, out += kBlock)
      std::copy_n(a.data + p * a.column, kBlock, out);
    return;
  }
  for (int64_t p = 0; p < depth; ++p, out += kBlock) {
    for (int64_t i = 0; i < kBlock; ++i) out[i] = a.data[i * a.row + p * a.column];
  }
}

// Copies [rows, depth] of a in blocks of 6 or 12 rows, `block`; in bf16 rows of `padded` elements.
template <class T>
void pack_rows(Matrix<const T> a, int64_t rows, int64_t depth, int64_t block, int64_t padded,
               T* out) {
  if constexpr (std::is_same_v<T, BFloat16>) {
    if (padded > depth) std::fill(out, out + rows * padded, T{});
    constexpr int64_t kTogether = 16;  // neighbours, which share the lines of a
    for (int64_t first = 0; first < rows; first += kTogether) {
      for (int64_t p = 0; p < depth; ++p) {
        for (int64_t i = first; i < std::min(rows, first + kTogether); ++i)
          out[i * padded + p] = a.data[i * a.row + p * a.column];
      }
    }
    return;
  }
  for (int64_t first = 0; first < rows; first += block, out += depth * block) {
    const Matrix<const T> part{a.data + first * a.row, a.row, a.column};
    const int64_t count = std::min(block, rows - first);
    if (count == 6 && block == 6) {
      pack_block<6>(part, depth, out);
    } else if (count == 12 && block == 12) {
      pack_block<12>(part, depth, out);
    } else {
      for (int64_t p = 0; p < depth; ++p) {
        for (int64_t i = 0; i < count; ++i)
          out[p * block + i] = part.data[i * a.row + p * a.column];
      }
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

// Tells that a block [m, n] of c is final, whose first element the listener counts as its own.
template <class T>
void tell_block(const Finished& done, int64_t m, int64_t n, Matrix<T> c) {
  if (c.column != 1) {
    std::swap(m, n);
    std::swap(c.row, c.column);
  }
  if (c.row == n) return done(0, m * n);
  for (int64_t i = 0; i < m; ++i) done(i * c.row, n);
}

// One work item: c = a b + bias.
template <class T>
void gemm_block(int64_t m, int64_t n, int64_t k, Matrix<const T> a, Matrix<const T> b,
                Matrix<SumOf<T>> c, Matrix<const SumOf<T>> bias) {
  constexpr bool kPairs = std::is_same_v<T, BFloat16>;
  const GemmKernel<T>& kernel = gemm_kernel<T>(n);
  const int64_t width = kernel.columns, height = kernel.rows;
  const int64_t whole_n = n / width * width, padded_n = (n + width - 1) / width * width;
  const GemmKernel<T>& last = gemm_kernel<T>(n - whole_n);  // for the columns that are left over
  const int64_t padded_m = (m + height - 1) / height * height;
  const int64_t deepest = rounded(std::min(k, kDepth), kernel.step);
  const bool in_place = a.column == 1 && !kPairs;
  const int64_t a_size = in_place ? 0 : padded_m * deepest;
  const int64_t edge_size = std::max(height, kMaxGemmRows) * width;
  const Ref<Buffer> memory =
      allocate((padded_n * deepest + a_size) * static_cast<int64_t>(sizeof(T)) +
               edge_size * static_cast<int64_t>(sizeof(SumOf<T>)));
  SumOf<T>* const edge =
      reinterpret_cast<SumOf<T>*>(memory->data);  // what c has no room for as it is
  T* const b_panels = reinterpret_cast<T*>(edge + edge_size);
  T* const a_panels = b_panels + padded_n * deepest;

  for (int64_t p = 0; p < k; p += kDepth) {
    const int64_t depth = std::min(kDepth, k - p), whole = rounded(depth, kernel.step);
    const Matrix<const T> a_part{a.data + p * a.column, a.row, a.column};
    const T* const b_part = b.data + p * b.row;
    pack_columns<T>({b_part, b.row, b.column}, depth, whole_n, width, b_panels);
    pack_columns<T>({b_part + whole_n * b.column, b.row, b.column}, depth, n - whole_n,
                    last.columns, b_panels + whole_n * whole);
    if (!in_place) pack_rows(a_part, m, depth, height, whole, a_panels);
    for (int64_t j = 0; j < n; j += width) {
      const T* const panel = b_panels + j * whole;
      const int64_t columns = std::min(width, n - j);
      const GemmKernel<T>& tile = columns == width ? kernel : last;
      const int64_t step = in_place ? tile.rows : height;
      for (int64_t i = 0; i < m; i += step) {
        const int64_t rows = std::min(step, m - i);
        const T* const left = in_place ? a_part.data + i * a.row : a_panels + i * whole;
        const int64_t left_row = in_place ? a.row : kPairs ? whole : 1;
        const int64_t left_depth = in_place || kPairs ? 1 : height;
        SumOf<T>* const out = c.data + i * c.row + j * c.column;
        if (columns == tile.columns && c.column == 1 && (!kPairs || rows == tile.rows)) {
          tile.run(rows, whole, left, left_row, left_depth, panel, out, c.row, p > 0);
        } else {
          tile.run(rows, whole, left, left_row, left_depth, panel, edge, width, false);
          for (int64_t r = 0; r < rows; ++r) {
            for (int64_t s = 0; s < columns; ++s) {
              SumOf<T>& result = out[r * c.row + s * c.column];
              result = p > 0 ? result + edge[r * width + s] : edge[r * width + s];
            }
          }
        }
        if (bias.data != nullptr && p + depth == k) {
          add_bias<SumOf<T>>(rows, columns,
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
          Matrix<const T> b, std::span<const int64_t> b_offset, Matrix<SumOf<T>> c,
          Matrix<const SumOf<T>> bias, const Finished& done) {
  const auto batch = static_cast<int64_t>(a_offset.size());
  if (batch * m * n == 0) return;
  if (k == 0) {
    std::fill(c.data, c.data + batch * m * n, SumOf<T>{});
    for (int64_t s = 0; s < batch && bias.data != nullptr; ++s)
      add_bias<SumOf<T>>(m, n, bias, {c.data + s * m * n, c.row, c.column});
    done(0, batch * m * n);
    return;
  }
  if (n < m && 2 * n < gemm_kernel<T>(n).columns) {  // the kernel wants many columns: c' = b' a'
    return gemm<T>(n, m, k, {b.data, b.column, b.row}, b_offset, {a.data, a.column, a.row},
                   a_offset, {c.data, c.column, c.row}, {bias.data, bias.column, bias.row}, done);
  }
  // Smaller items where they would be too few for the threads, though more is copied then. An
  // element of c is summed in the same order in every item.
  const int64_t wanted = thread_count() == 1 ? 1 : 4 * thread_count();
  int64_t columns = kColumns, row_blocks = std::max<int64_t>(1, (m + kRows / 2) / kRows);
  const auto column_blocks = [&] { return (n + columns - 1) / columns; };
  while (batch * row_blocks * column_blocks() < wanted) {
    if (columns > 64 && n > columns / 2 && (a.column == 1 || columns >= m / row_blocks)) {
      columns /= 2;
    } else if (m / row_blocks >= 24) {
      row_blocks *= 2;
    } else {
      break;
    }
  }
  // A multiple of the kernels' rows.
  const int64_t together = std::max<int64_t>(12, gemm_kernel<T>(n).rows);
  const int64_t rows = (m + row_blocks * together - 1) / (row_blocks * together) * together;
  row_blocks = (m + rows - 1) / rows;
  const double work = static_cast<double>(batch) * static_cast<double>(m) * static_cast<double>(n) *
                      static_cast<double>(k);
  parallel_for(batch * row_blocks * column_blocks(), work < kSerialWork, [&](int64_t item) {
    const int64_t i = item % row_blocks * rows;
    const int64_t j = item / row_blocks % column_blocks() * columns;
    const int64_t s = item / row_blocks / column_blocks();
    const int64_t height = std::min(rows, m - i), width = std::min(columns, n - j);
    gemm_block<T>(
        height, width, k, {a.data + a_offset[static_cast<size_t>(s)] + i * a.row, a.row, a.column},
        {b.data + b_offset[static_cast<size_t>(s)] + j * b.column, b.row, b.column},
        {c.data + s * m * n + i * c.row + j * c.column, c.row, c.column},
        bias.data == nullptr ? bias
                             : Matrix<const SumOf<T>>{bias.data + i * bias.row + j * bias.column,
                                                      bias.row, bias.column});
    if (done) tell_block(done.from(s * m * n + i * c.row + j * c.column), height, width, c);
  });
}

#define INSTANTIATE(T)                                                                        \
  template void gemm<T>(int64_t, int64_t, int64_t, Matrix<const T>, std::span<const int64_t>, \
                        Matrix<const T>, std::span<const int64_t>, Matrix<SumOf<T>>,          \
                        Matrix<const SumOf<T>>, const Finished&);
INSTANTIATE(float)
INSTANTIATE(double)
INSTANTIATE(uint32_t)
INSTANTIATE(uint64_t)
INSTANTIATE(BFloat16)
#undef INSTANTIATE

}  // namespace tessera::cpu
