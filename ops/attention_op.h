#pragma once

#include <algorithm>
#include <limits>
#include <span>
#include <string>

#include "core/cpu/isa.h"
#include "core/cpu/reals.h"
#include "core/cuda/stream.h"
#include "core/op.h"
#include "ops/attention.cu.inc"
#include "ops/attention_kernels.h"
#include "ops/attention_nodes.h"
#include "ops/attention_panels.h"

TESSERA_FOR_EACH_ISA(extern const tessera::detail::AttentionKernels<float> attention_f32;
                     extern const tessera::detail::AttentionKernels<double> attention_f64)

namespace tessera::detail {

// Of a block of scores.
inline constexpr int64_t kQueries = 48, kKeys = 128;

TESSERA_REAL_KERNELS(AttentionKernels, attention)

// What a FlashAttentionOp gives, in one row of `size` elements: y [H, L, Ev] and, from `sums` on,
// the logarithm of the sum of the softmax of each query, [H, L], inf where nothing is allowed.
// Those are of the type that computes: an f32 is in the place of two halves.
struct AttentionRow {
  AttentionRow(const Shape& q, const Shape& v, DType type)
      : y(q[0] * q[1] * v[2]),
        sums((y + 7) / 8 * 8),
        size(sums + q[0] * q[1] * (is_half(type) ? 2 : 1)) {}
  int64_t y, sums, size;
};

// Rows of a kernel of the processor: where they are, or copies of halves.
template <class T>
struct RealRows {
  RealRows(const std::byte* data, DType type, const Shape& shape)
      : memory(type == dtype_of<T> ? Ref<Buffer>()
                                   : allocate(shape.numel() * static_cast<int64_t>(sizeof(T)))),
        rows{cpu::ConstReals(data, type)
                 .view(shape.numel(), memory ? reinterpret_cast<T*>(memory->data) : nullptr),
             shape[1], shape[2], shape[2]} {}
  explicit RealRows(const Array& x) : RealRows(x.data, x.dtype, x.shape) {}
  Ref<Buffer> memory;
  Rows<T> rows;
};

// The ops share their attributes and first inputs: q, k, v and, if there is one, the mask.
class AttentionOp : public KernelOp {
 public:
  AttentionOp(const FlashAttentionOptions& options, bool masked)
      : options_(options), masked_(masked) {}
  void key(std::string& out) const override {
    append_key(out, options_.scale, options_.causal, masked_);
  }
  bool may_fail() const override { return false; }

 protected:
  size_t rest_at() const { return masked_ ? 4 : 3; }

  // Scales and masks the scores of a query with n keys.
  template <class T>
  void finish(std::span<const Array> in, int64_t head, int64_t query, int64_t first_key, int64_t n,
              T* s) const {
    MaskRow<T> mask;
    if (masked_) {
      const Shape& shape = in[3].shape;
      mask.stride = shape[2] == 1 ? 0 : 1;
      const int64_t row = (shape[0] == 1 ? 0 : head) * shape[1] + (shape[1] == 1 ? 0 : query);
      const int64_t at = row * shape[2] + first_key * mask.stride;
      (in[3].dtype == bool_) ? void(mask.allowed = in[3].as<bool>() + at)
                             : void(mask.added = in[3].as<T>() + at);
    }
    attention_kernels<T>().mask(n, static_cast<T>(options_.scale), mask, s);
    if (!options_.causal) return;
    constexpr T kNever = -std::numeric_limits<T>::infinity();
    std::fill(s + std::clamp<int64_t>(query + 1 - first_key, 0, n), s + n, kNever);
  }

  // What the kernels of ops/attention.cu.inc need to know.
  cuda::attention::Attention on_gpu(std::span<const Array> in) const;
  // Has cuDNN compute it into `out`; false where it does not.
  bool by_library(cuda::Stream& stream, cuda::Attention::Kind kind, std::span<const Array> in,
                  const Array& out) const;
  // Launches one of them that makes rows of `width` elements for those of `own`.
  static void launch(cuda::Stream& stream, const char* kernel, DType type, const char* options,
                     const cuda::attention::Rows& own, int64_t width,
                     const cuda::attention::Attention& a);

  FlashAttentionOptions options_;
  bool masked_;
};

// The gradients of q, k and v, one after the other in one row, from these inputs of a
// flash_attention, what it gave and its gradient.
Tensor flash_attention_backward(const Tensors& inputs, const FlashAttentionOptions& options,
                                bool masked);

}  // namespace tessera::detail
