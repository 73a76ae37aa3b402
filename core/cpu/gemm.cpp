#include "core/cpu/gemm.h"

#include <algorithm>
#include <bit>
#include <functional>
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

// The products of a batch that share a as one: their columns side by side.
template <class T>
struct SideBySide {
  Matrix<const T> b;
  std::span<const int64_t> b_offset;
  int64_t each;  // columns of a matrix
  Matrix<SumOf<T>> c;
  int64_t c_offset;  // from one matrix of c to the next
  Matrix<const SumOf<T>> bias;

  // Calls f(matrix, its column, begin, count) for the parts of columns [begin, end) that are of one
  // matrix.
  template <class F>
  void parts(int64_t begin, int64_t end, F&& f) const {
    while (begin < end) {
      const int64_t column = begin % each, count = std::min(end - begin, each - column);
      f(begin / each, column, begin, count);
      begin += count;
    }
  }
  // Those from some row of a and c and row of b on.
  SideBySide from(int64_t row, int64_t depth) const {
    SideBySide result = *this;
    result.b.data += depth * b.row;
    result.c.data += row * c.row;
    if (bias.data != nullptr) result.bias.data += row * bias.row;
    return result;
  }
};

namespace {

// A work item computes about kRows x kColumns results, kDepth products at a time: the part of b it
// reads stays in the second-level cache, six rows of a in the first.
constexpr int64_t kRows = 192, kColumns = 256, kDepth = 256;

int64_t rounded(int64_t count, int64_t to) {
  return (count + to - 1) / to * to;
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

// Copies [depth, count] of b to some columns of a panel.
template <class T>
void pack_part(Matrix<const T> b, int64_t depth, int64_t count, int64_t width, T* out) {
  if (b.column == 1) {
    for (int64_t p = 0; p < depth; ++p)
      std::copy(b.data + p * b.row, b.data + p * b.row + count, out + p * width);
  } else if (b.row == 1) {
    turn(depth, count, b.data, b.column, width, out);
  } else {
    for (int64_t p = 0; p < depth; ++p) {
      for (int64_t j = 0; j < count; ++j) out[p * width + j] = b.data[p * b.row + j * b.column];
    }
  }
}

// Copies `depth` rows of columns [begin, end) into panels of `width` columns, the last one padded
// with zeros.
template <class T>
void pack_columns(const SideBySide<T>& all, int64_t depth, int64_t begin, int64_t end,
                  int64_t width, int64_t step, T* out) {
  const int64_t padded = rounded(depth, step);
  for (; begin < end; begin += width, out += padded * width) {
    const int64_t count = std::min(width, end - begin);
    if (count < width) std::fill(out, out + padded * width, T{});
    all.parts(begin, begin + count, [&](int64_t s, int64_t column, int64_t first, int64_t part) {
      const Matrix<const T> from{
          all.b.data + all.b_offset[static_cast<size_t>(s)] + column * all.b.column, all.b.row,
          all.b.column};
      if constexpr (std::is_same_v<T, BFloat16>) {
        pack_pairs(from, depth, part, width, step, out);
      } else {
        pack_part(from, depth, part, width, out + first - begin);
      }
    });
  }
}

// Copies kBlock rows of a so that the elements the kernel needs at once are neighbours.
template <int64_t kBlock, class T>
void pack_block(Matrix<const T> a, int64_t depth, T* out) {
  for (int64_t p = 0; p < depth; ++p, out += kBlock) {
    for (int64_t i = 0; i < kBlock; ++i) out[i] = a.data[i * a.row + p * a.column];
  }
}

// The same of all whole blocks of a matrix stored by columns, which are read once.
template <int64_t kBlock, class T>
void pack_blocks(Matrix<const T> a, int64_t rows, int64_t depth, T* out) {
  for (int64_t p = 0; p < depth; ++p) {
    const T* from = a.data + p * a.column;
    T* to = out + p * kBlock;
    for (int64_t i = 0; i + kBlock <= rows; i += kBlock, to += depth * kBlock)
      std::copy_n(from + i, kBlock, to);
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
  int64_t begin = 0;
  if (a.row == 1 && (block == 6 || block == 12)) {
    (block == 6 ? pack_blocks<6, T> : pack_blocks<12, T>)(a, rows, depth, out);
    begin = rows / block * block;
    out += begin * depth;
  }
  for (int64_t first = begin; first < rows; first += block, out += depth * block) {
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

// Puts a block of results [m, n], whose rows are `width` apart, into c or adds it there.
template <class T>
void put_block(int64_t m, int64_t n, const T* from, int64_t width, bool add, Matrix<T> c) {
  for (int64_t i = 0; i < m; ++i, from += width) {
    T* const to = c.data + i * c.row;
    if (c.column == 1) {
      for (int64_t j = 0; j < n; ++j) to[j] = add ? to[j] + from[j] : from[j];
    } else {
      for (int64_t j = 0; j < n; ++j) to[j * c.column] = add ? to[j * c.column] + from[j] : from[j];
    }
  }
}

// One work item: m rows and columns [first, end) of c = a b + bias.
template <class T>
void gemm_block(int64_t m, int64_t first, int64_t end, int64_t k, Matrix<const T> a,
                const SideBySide<T>& all) {
  constexpr bool kPairs = std::is_same_v<T, BFloat16>;
  const int64_t n = end - first;
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
    const SideBySide<T> below = all.from(0, p);
    pack_columns(below, depth, first, first + whole_n, width, kernel.step, b_panels);
    pack_columns(below, depth, first + whole_n, end, last.columns, kernel.step,
                 b_panels + whole_n * whole);
    if (!in_place) pack_rows(a_part, m, depth, height, whole, a_panels);
    // Lines of c are written in one go, or what is next to be written is not known to the cache.
    const auto strip = [&](const GemmKernel<T>& tile, int64_t from, int64_t to) {
      const int64_t step = in_place ? tile.rows : height;
      for (int64_t i = 0; i < m; i += step) {
        const int64_t rows = std::min(step, m - i);
        const T* const left = in_place ? a_part.data + i * a.row : a_panels + i * whole;
        const int64_t left_row = in_place ? a.row : kPairs ? whole : 1;
        const int64_t left_depth = in_place || kPairs ? 1 : height;
        const SideBySide<T> here = all.from(i, p);
        for (int64_t j = from; j < to; j += tile.columns) {
          const T* const panel = b_panels + j * whole;
          const int64_t columns = std::min(tile.columns, to - j), begin = first + j;
          const bool direct = columns == tile.columns && here.c.column == 1 &&
                              begin % here.each + columns <= here.each &&
                              (!kPairs || rows == tile.rows);
          if (!direct) tile.run(rows, whole, left, left_row, left_depth, panel, edge, width, false);
          here.parts(begin, begin + columns, [&](int64_t s, int64_t column, int64_t at, int64_t n) {
            const Matrix<SumOf<T>> out{here.c.data + s * here.c_offset + column * here.c.column,
                                       here.c.row, here.c.column};
            if (direct) {
              tile.run(rows, whole, left, left_row, left_depth, panel, out.data, out.row, p > 0);
            } else {
              put_block<SumOf<T>>(rows, n, edge + at - begin, width, p > 0, out);
            }
            if (here.bias.data != nullptr && p + depth == k) {
              add_bias<SumOf<T>>(
                  rows, n,
                  {here.bias.data + column * here.bias.column, here.bias.row, here.bias.column},
                  out);
            }
          });
        }
      }
    };
    strip(kernel, 0, whole_n);
    strip(last, whole_n, n);
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
  // Products that share a are one: columns that fill no tile are few then, and a is copied less.
  const bool shared =
      !std::is_same_v<T, BFloat16> && c.column == 1 &&
      std::adjacent_find(a_offset.begin(), a_offset.end(), std::not_equal_to<>()) == a_offset.end();
  const int64_t products = shared ? 1 : batch, together = shared ? batch * n : n;
  // Smaller items where they would be too few for the threads, though more is copied then. An
  // element of c is summed in the same order in every item.
  const int64_t wanted = thread_count() == 1 ? 1 : 4 * thread_count();
  // Rows of a part of b that is not deep may be long: they are read and written in fewer runs.
  const auto longer = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(kDepth / k)));
  const auto all_columns = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(together)));
  int64_t columns = std::max(kColumns, std::min(kColumns * longer, all_columns));
  int64_t row_blocks = std::max<int64_t>(1, (m + kRows / 2) / kRows);
  const auto column_blocks = [&] { return (together + columns - 1) / columns; };
  while (products * row_blocks * column_blocks() < wanted) {
    if (columns > 64 && together > columns / 2 && (a.column == 1 || columns >= m / row_blocks)) {
      columns /= 2;
    } else if (m / row_blocks >= 24) {
      row_blocks *= 2;
    } else {
      break;
    }
  }
  // A multiple of the kernels' rows.
  const int64_t least = std::max<int64_t>(12, gemm_kernel<T>(n).rows);
  const int64_t rows = (m + row_blocks * least - 1) / (row_blocks * least) * least;
  row_blocks = (m + rows - 1) / rows;
  const SideBySide<T> all{b, b_offset, n, c, m * n, bias};
  const double work = static_cast<double>(batch) * static_cast<double>(m) * static_cast<double>(n) *
                      static_cast<double>(k);
  parallel_for(products * row_blocks * column_blocks(), work < kSerialWork, [&](int64_t item) {
    const int64_t i = item % row_blocks * rows, height = std::min(rows, m - i);
    const int64_t s = item / row_blocks / column_blocks();
    const int64_t j = item / row_blocks % column_blocks() * columns;
    const int64_t begin = s * n + j, end = s * n + std::min(together, j + columns);
    gemm_block<T>(height, begin, end, k,
                  {a.data + a_offset[static_cast<size_t>(s)] + i * a.row, a.row, a.column},
                  all.from(i, 0));
    if (!done) return;
    all.parts(begin, end, [&](int64_t matrix, int64_t column, int64_t, int64_t count) {
      tell_block(done.from(matrix * m * n + i * c.row + column * c.column), height, count, c);
    });
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

#define INSTANTIATE(T) template void turn<T>(int64_t, int64_t, const T*, int64_t, int64_t, T*);
INSTANTIATE(float)
INSTANTIATE(double)
INSTANTIATE(uint32_t)
INSTANTIATE(uint64_t)
#undef INSTANTIATE

}  // namespace tessera::cpu
