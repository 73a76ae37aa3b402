#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/dtype.h"
#include "core/memory_format.h"

namespace tessera::cuda {

class Driver;
class Stream;

// c = a b for `batch` pairs of row-major matrices [rows, inner] and [inner, columns]; where a flag
// says so a is stored [inner, rows], b [columns, inner]. The matrices of a follow each other in
// steps of step_a elements (0: it is always the same one), those of c without gaps.
struct MatrixProduct {
  DType type = f32;     // of all three
  bool strict = false;  // f32 without TF32
  bool transpose_a = false, transpose_b = false;
  int64_t rows = 0, columns = 0, inner = 0;
  int64_t batch = 1, step_a = 0, step_b = 0;
  const std::byte *a = nullptr, *b = nullptr;
  std::byte* c = nullptr;
};

// A convolution y = x * w, or one of its gradients: `kind` says which of the three is the result.
// All are dense, in the same format: x [batch, in_channels, input...], y likewise, w [out_channels,
// in_channels / groups, kernel...]. There are 1 to 3 spatial axes.
struct Convolution {
  enum class Kind : uint8_t { forward, backward_data, backward_weight };
  Kind kind = Kind::forward;
  DType type = f32;
  bool strict = false;
  int64_t batch = 0, in_channels = 0, out_channels = 0, groups = 1;
  MemoryFormat format = MemoryFormat::row_major;
  Shape input, kernel, output, stride, before, dilation;
  std::byte *x = nullptr, *w = nullptr, *y = nullptr;
  const std::byte* bias = nullptr;  // one for each channel of the result, or null
};

// y = softmax(scale q k^T) v of `heads` sequences, or the gradients of q, k and v. q is [heads,
// queries, width], k [heads, keys, width], v [heads, keys, value_width] and y [heads, queries,
// value_width], their gradients likewise; all are dense and row-major.
struct Attention {
  enum class Kind : uint8_t { forward, backward };
  Kind kind = Kind::forward;
  DType type = f16;     // of all but log_sums; f16 or bf16
  bool causal = false;  // query l looks at keys s <= l only
  double scale = 1;
  int64_t heads = 0, queries = 0, keys = 0, width = 0, value_width = 0;
  const std::byte *q = nullptr, *k = nullptr, *v = nullptr;
  std::byte* y = nullptr;         // a result of `forward`
  std::byte* log_sums = nullptr;  // another: f32 [heads, queries], logarithms of the softmax's sums
  const std::byte* dy = nullptr;
  std::byte *dq = nullptr, *dk = nullptr, *dv = nullptr;  // the results of `backward`
};

// NVIDIA's libraries for these. They choose an algorithm once for each form, among those that give
// the same bits in every run, and return false where they have none.
class MatrixProducts {
 public:
  virtual ~MatrixProducts() = default;
  virtual bool run(Stream& stream, const MatrixProduct& product) = 0;
};

class Convolutions {
 public:
  virtual ~Convolutions() = default;
  virtual bool run(Stream& stream, const Convolution& convolution) = 0;
};

class Attentions {
 public:
  virtual ~Attentions() = default;
  virtual bool run(Stream& stream, const Attention& attention) = 0;
};

// cuBLASLt and cuDNN, loaded now; null where they are not installed.
std::unique_ptr<MatrixProducts> open_cublaslt();
std::unique_ptr<Convolutions> open_cudnn();
std::unique_ptr<Attentions> open_cudnn_attention();

}  // namespace tessera::cuda
