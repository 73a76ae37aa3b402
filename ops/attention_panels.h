#pragma once

#include <algorithm>
#include <cstdint>

#include "core/buffer.h"
#include "core/cpu/gemm.h"
#include "core/cpu/gemm_kernel.h"
#include "core/cpu/parallel.h"

namespace tessera::detail {

// Rows of `width` elements, `stride` apart, rows * stride for each head.
template <class T>
struct Rows {
  const T* data;
  int64_t rows, width, stride;
  const T* at(int64_t head, int64_t row) const { return data + (head * rows + row) * stride; }
};

// The blocks of `block` rows of all heads in the form the matrix kernel wants its right side:
// either the rows themselves, or `transposed`, in panels of a kernel's columns.
template <class T>
class Panels {
 public:
  Panels(const Rows<T>& x, int64_t heads, int64_t block, bool transposed)
      : kernel_(&cpu::gemm_kernel<T>(transposed ? block : x.width)),
        blocks_((x.rows + block - 1) / block),
        columns_(rounded(transposed ? block : x.width)),
        size_((transposed ? x.width : block) * columns_),
        memory_(allocate(heads * blocks_ * size_ * static_cast<int64_t>(sizeof(T)))) {
    cpu::parallel_for(heads * blocks_, false, [&](int64_t i) {
      const int64_t first = i % blocks_ * block, count = std::min(block, x.rows - first);
      pack(x.at(i / blocks_, first), x.stride, count, x.width, transposed, values() + i * size_);
    });
  }

  // c = a times block (head, number), or c += it; c has rows of at least columns().
  void multiply(int64_t head, int64_t block, int64_t rows, int64_t depth, cpu::Matrix<const T> a,
                T* c, int64_t c_row, bool accumulate) const {
    const T* const panels = values() + (head * blocks_ + block) * size_;
    const int64_t full = size_ / columns_;  // depth of the panels
    for (int64_t j = 0; j < columns_; j += kernel_->columns) {
      for (int64_t i = 0; i < rows; i += kernel_->rows) {
        kernel_->run(std::min(kernel_->rows, rows - i), depth, a.data + i * a.row, a.row, a.column,
                     panels + j * full, c + i * c_row + j, c_row, accumulate);
      }
    }
  }
  int64_t columns() const { return columns_; }

 private:
  T* values() const { return reinterpret_cast<T*>(memory_->data); }
  int64_t rounded(int64_t columns) const {
    return (columns + kernel_->columns - 1) / kernel_->columns * kernel_->columns;
  }
  void pack(const T* x, int64_t stride, int64_t count, int64_t width, bool transposed,
            T* out) const {
    std::fill_n(out, size_, T(0));
    const int64_t lanes = kernel_->columns, depth = size_ / columns_;
    for (int64_t r = 0; r < count; ++r) {
      for (int64_t e = 0; e < width; ++e) {
        const int64_t p = transposed ? e : r, j = transposed ? r : e;
        out[j / lanes * lanes * depth + p * lanes + j % lanes] = x[r * stride + e];
      }
    }
  }

  const cpu::GemmKernel<T>* kernel_;
  int64_t blocks_, columns_, size_;
  Ref<Buffer> memory_;
};

}  // namespace tessera::detail
