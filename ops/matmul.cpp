#include "ops/matmul.h"

#include <algorithm>

#include <fmt/core.h>

#include "core/amp.h"
#include "core/cpu/gemm.h"
#include "core/cpu/pairs.h"
#include "core/cpu/parallel.h"
#include "core/cpu/reals.h"
#include "core/cpu/scratch.h"
#include "core/cuda/stream.h"
#include "core/error.h"
#include "core/op.h"
#include "core/precision.h"
#include "ops/again.h"
#include "ops/binary.h"
#include "ops/matmul.cu.inc"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace tessera {

namespace {

using cpu::Matrix;

Shape batch_of(const Shape& shape) {
  return shape.slice(0, shape.ndim() - 2);
}

// Where the matrix for each element of `batch` begins in an array whose own batch broadcasts to it.
std::vector<int64_t> batch_offsets(const Shape& batch, const Shape& array) {
  const Shape own = batch_of(array);
  const int64_t matrix = array[array.ndim() - 2] * array.back();
  const Linear form = Access::broadcast(batch, own).flat();
  std::vector<int64_t> offsets(static_cast<size_t>(batch.numel()));
  Shape index = Shape::filled(batch.ndim(), 0);
  for (int64_t& offset : offsets) {
    offset = form.offset;
    for (int i = 0; i < batch.ndim(); ++i) offset += form.coef[static_cast<size_t>(i)] * index[i];
    offset *= matrix;
    for (int i = batch.ndim() - 1; i >= 0 && ++index[i] == batch[i]; --i) index[i] = 0;
  }
  return offsets;
}

Tensor contract(const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b);

// y[..., i, j] = sum_k A[..., i, k] B[..., k, j], where A is a or its transpose and B likewise, and
// the batches broadcast. With the flags its gradients are of the same kind and need no copies.
class MatmulOp final : public KernelOp {
 public:
  MatmulOp(bool transpose_a, bool transpose_b)
      : transpose_a_(transpose_a), transpose_b_(transpose_b) {}
  std::string_view name() const override { return "matmul"; }
  void key(std::string& out) const override { append_key(out, transpose_a_, transpose_b_); }
  bool may_fail() const override { return false; }

  void run(std::span<const Array> inputs, const Array& output) const override {
    run_in_parts(inputs, output, {});
  }
  bool has_parts() const override { return true; }
  void run_in_parts(std::span<const Array> inputs, const Array& output,
                    const Finished& done) const override {
    const DType type = output.dtype;
    if (type == f32) product<float>(inputs, output, done);
    if (is_half(type)) product_of_halves(inputs, output, done);
    if (type == f64) product<double>(inputs, output, done);
    if (type == i32) product<uint32_t>(inputs, output, done);
    if (type == i64) product<uint64_t>(inputs, output, done);
  }

  bool run_cuda(cuda::Stream& stream, std::span<const Array> inputs,
                const Array& output) const override {
    if (output.numel() == 0) return true;
    if (!by_library(stream, inputs, output)) by_kernel(stream, inputs, output);
    return true;
  }

  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed needed) const override {
    const Tensor &a = x[0], &b = x[1];
    Tensors dx(2);
    if (needed[0]) {
      const Tensor da = transpose_a_ ? contract(b, dy, transpose_b_, true)
                                     : contract(dy, b, false, !transpose_b_);
      dx[0] = unbroadcast(da, a.shape());
    }
    if (needed[1]) {
      // Beside so many columns a pass over a is little, and nobody has to keep it until then.
      constexpr int64_t kColumns = 128;
      const Tensor made = dy.shape(-1) >= kColumns ? detail::again(a) : a;
      const Tensor db = transpose_b_ ? contract(dy, made, true, transpose_a_)
                                     : contract(made, dy, !transpose_a_, false);
      dx[1] = unbroadcast(db, b.shape());
    }
    return dx;
  }

  Cost cost(const Node& node) const override {
    return {2.0 * static_cast<double>(node.numel()) *
            static_cast<double>(inner_of(node.input(0)->shape))};
  }

 private:
  int64_t inner_of(const Shape& a) const { return a[a.ndim() - (transpose_a_ ? 2 : 1)]; }

  // By cuBLASLt; false where it cannot.
  bool by_library(cuda::Stream& stream, std::span<const Array> inputs, const Array& output) const {
    const Shape &a = inputs[0].shape, &y = output.shape;
    const int64_t inner = inner_of(a);
    if (!is_floating(output.dtype) || inner == 0 || !stream.products()) return false;
    const std::vector<int64_t> from_a = batch_offsets(batch_of(y), a),
                               from_b = batch_offsets(batch_of(y), inputs[1].shape);
    cuda::MatrixProduct product{output.dtype,    strict_f32(), transpose_a_, transpose_b_,
                                y[y.ndim() - 2], y.back(),     inner};
    const int64_t bytes = size_of(output.dtype);
    // As many matrices at once as follow each other in equal steps.
    for (size_t first = 0, end = 0; first < from_a.size(); first = end) {
      const auto step = [&](const std::vector<int64_t>& from, size_t i) {
        return i < from.size() ? from[i] - from[i - 1] : 0;
      };
      product.step_a = step(from_a, first + 1);
      product.step_b = step(from_b, first + 1);
      for (end = first + 1; end < from_a.size(); ++end)
        if (step(from_a, end) != product.step_a || step(from_b, end) != product.step_b) break;
      product.batch = static_cast<int64_t>(end - first);
      product.a = inputs[0].data + from_a[first] * bytes;
      product.b = inputs[1].data + from_b[first] * bytes;
      product.c =
          output.data + static_cast<int64_t>(first) * product.rows * product.columns * bytes;
      if (!stream.products()->run(stream, product)) return false;
    }
    return true;
  }

  void by_kernel(cuda::Stream& stream, std::span<const Array> inputs, const Array& output) const {
    const Shape &y = output.shape, batch = batch_of(y);
    const auto matrices = [&](const Array& array, bool transposed) {
      const int64_t row = array.shape.back(), matrix = row * array.shape[array.shape.ndim() - 2];
      cuda::matmul::Matrices m{array.data, transposed ? 1 : row, transposed ? row : 1};
      const Linear form = Access::broadcast(batch, batch_of(array.shape)).flat();
      for (size_t axis = 0; axis < static_cast<size_t>(batch.ndim()); ++axis)
        m.step[axis] = form.coef[axis] * matrix;
      return m;
    };
    cuda::matmul::Product p{.a = matrices(inputs[0], transpose_a_),
                            .b = matrices(inputs[1], transpose_b_),
                            .m = y[y.ndim() - 2],
                            .n = y.back(),
                            .inner = inner_of(inputs[0].shape),
                            .batches = batch.numel(),
                            .axes = batch.ndim(),
                            .result = output.data};
    std::copy(batch.begin(), batch.end(), p.extent);
    constexpr int64_t kTile = cuda::tiles::kTile;
    const int64_t blocks = p.batches * ((p.m + kTile - 1) / kTile) * ((p.n + kTile - 1) / kTile);
    p.parts = cuda::parts_for(blocks, p.inner, static_cast<int>(kTile));
    p.each = (p.inner + p.parts - 1) / p.parts;
    const auto sums = stream.scratch(
        p.parts == 1 ? 0 : p.parts * output.numel() * size_of(compute_type(output.dtype)));
    p.sums = sums.data();
    const auto launch = [&](const char* kernel, cuda::Blocks shared) {
      stream.launch("ops/matmul.cu.inc",
                    fmt::format("cuda::matmul::{}<{}>", kernel, cuda::c_type(output.dtype)), shared,
                    p);
    };
    launch("product", {blocks, p.parts});
    if (p.parts > 1) launch("join", cuda::blocks_for(output.numel()));
  }

  template <class T>
  void product(std::span<const Array> inputs, const Array& output, const Finished& done) const {
    const Shape &a = inputs[0].shape, &b = inputs[1].shape, &y = output.shape;
    if (output.numel() == 0) return;
    const int64_t inner = inner_of(a);
    const auto matrix = [](const Array& array, bool transposed) {
      const int64_t row = array.shape.back();
      return Matrix<const T>{array.as<const T>(), transposed ? 1 : row, transposed ? row : 1};
    };
    cpu::gemm<T>(y[y.ndim() - 2], y.back(), inner, matrix(inputs[0], transpose_a_),
                 batch_offsets(batch_of(y), a), matrix(inputs[1], transpose_b_),
                 batch_offsets(batch_of(y), b),
                 Matrix<cpu::SumOf<T>>{output.as<cpu::SumOf<T>>(), y.back(), 1}, {nullptr, 0, 0},
                 done);
  }

  void product_of_halves(std::span<const Array> inputs, const Array& output,
                         const Finished& done) const {
    const cpu::Scratch<float> y(output.numel());
    const Array sums{reinterpret_cast<std::byte*>(y.data()), output.shape, f32};
    const Shape &rows = inputs[0].shape, &columns = output.shape;
    constexpr int64_t kLeast = 16;  // of each, or a kernel of pairs has too little to do
    const bool filled = std::min({rows.back(), rows[rows.ndim() - 2], columns.back()}) >= kLeast;
    if (output.dtype == bf16 && cpu::pair_kernel() != nullptr && filled) {
      product<BFloat16>(inputs, sums, {});
    } else {
      product_in_f32(inputs, sums);
    }
    cpu::parallel_ranges(output.numel(), 1 << 15, [&](int64_t begin, int64_t end) {
      (cpu::Reals(output.data, output.dtype) + begin).write(end - begin, y.data() + begin);
      done(begin, end - begin);
    });
  }

  void product_in_f32(std::span<const Array> inputs, const Array& output) const {
    const cpu::Scratch<float> a(inputs[0].numel()), b(inputs[1].numel());
    const auto widened = [](const Array& array, const cpu::Scratch<float>& memory) {
      constexpr int64_t kGrain = 1 << 15;
      cpu::parallel_ranges(array.numel(), kGrain, [&](int64_t begin, int64_t end) {
        (cpu::ConstReals(array.data, array.dtype) + begin).read(end - begin, memory.data() + begin);
      });
      return Array{reinterpret_cast<std::byte*>(memory.data()), array.shape, f32};
    };
    const Array wide[] = {widened(inputs[0], a), widened(inputs[1], b)};
    product<float>(wide, output, {});
  }

  bool transpose_a_, transpose_b_;
};

Tensor contract(const Tensor& a, const Tensor& b, bool transpose_a, bool transpose_b) {
  static const MatmulOp ops[] = {{false, false}, {false, true}, {true, false}, {true, true}};
  const DType type = a.dtype();
  if (type == u8) return cast(contract(cast(a, i32), cast(b, i32), transpose_a, transpose_b), u8);
  Shape shape = broadcast_shapes(batch_of(a.shape()), batch_of(b.shape()), "matmul");
  shape.push_back(a.shape(transpose_a ? -1 : -2));
  shape.push_back(b.shape(transpose_b ? -2 : -1));
  return make_node(static_op(ops[2 * transpose_a + transpose_b]), {a, b}, shape, type);
}

void check_pair(const char* op, const Tensor& a, const Tensor& b) {
  require(a.defined() && b.defined(), "{}: an argument is an undefined tensor", op);
  require(a.dtype() == b.dtype(),
          "{}: both tensors must have the same dtype, got {} {} and {} {}; cast one of them", op,
          a.dtype(), a.shape(), b.dtype(), b.shape());
  require(a.dtype() != bool_, "{}: not defined for bool; cast to a number first", op);
}

void check_ranks(const char* op, const Tensor& a, int a_ndim, const Tensor& b, int b_ndim) {
  check_pair(op, a, b);
  require(a.ndim() == a_ndim && b.ndim() == b_ndim,
          "{}: needs tensors of {} and {} dimensions, got {} and {}; matmul takes any", op, a_ndim,
          b_ndim, a.shape(), b.shape());
}

}  // namespace

Tensor matmul(const Operand& left_factor, const Tensor& right_factor,
              const MatmulOptions& options) {
  const Call call("matmul", left_factor.where);
  const Tensor a = detail::amp_low(left_factor), b = detail::amp_low(right_factor);
  check_pair("matmul", a, b);
  require(a.ndim() > 0 && b.ndim() > 0,
          "matmul: both tensors must have at least one dimension, got {} and {}; use * for numbers",
          a.shape(), b.shape());
  require((a.ndim() > 1 || !options.transpose_a) && (b.ndim() > 1 || !options.transpose_b),
          "matmul: a vector has no transpose, got {} and {}", a.shape(), b.shape());
  if (a.ndim() == 1 && b.ndim() == 1) return dot(a, b);
  const bool row = a.ndim() == 1, column = b.ndim() == 1;
  const Tensor left = row ? reshape(a, a.shape().inserted(0, 1)) : a;
  const Tensor right = column ? reshape(b, b.shape().inserted(1, 1)) : b;
  const int64_t a_inner = left.shape(options.transpose_a ? -2 : -1);
  const int64_t b_inner = right.shape(options.transpose_b ? -1 : -2);
  require(a_inner == b_inner,
          "matmul: the inner extents must be equal, got {} and {} for shapes {}{} and {}{}",
          a_inner, b_inner, a.shape(), options.transpose_a ? " transposed" : "", b.shape(),
          options.transpose_b ? " transposed" : "");

  Tensor y;
  if (right.ndim() == 2 && left.ndim() > 2 && !options.transpose_a) {
    // The batch joins the rows: one large product, and no sum over the batch in its gradient.
    const Shape rows = left.shape().slice(0, left.ndim() - 1);
    y = contract(reshape(left, {rows.numel(), a_inner}), right, false, options.transpose_b);
    y = reshape(y, rows.inserted(rows.ndim(), y.shape(-1)));
  } else {
    y = contract(left, right, options.transpose_a, options.transpose_b);
  }
  if (row) y = reshape(y, y.shape().without(y.ndim() - 2));
  if (column) y = reshape(y, y.shape().without(y.ndim() - 1));
  return y;
}

Tensor mm(const Operand& left, const Tensor& right) {
  const Call call("mm", left.where);
  const Tensor a = detail::amp_low(left), b = detail::amp_low(right);
  check_ranks("mm", a, 2, b, 2);
  return matmul(a, b);
}

Tensor bmm(const Operand& left, const Tensor& right) {
  const Call call("bmm", left.where);
  const Tensor a = detail::amp_low(left), b = detail::amp_low(right);
  check_ranks("bmm", a, 3, b, 3);
  require(a.shape(0) == b.shape(0),
          "bmm: the batches must be equal, got {} and {}; matmul broadcasts them", a.shape(),
          b.shape());
  return matmul(a, b);
}

Tensor mv(const Operand& left, const Tensor& right) {
  const Call call("mv", left.where);
  const Tensor a = detail::amp_low(left), b = detail::amp_low(right);
  check_ranks("mv", a, 2, b, 1);
  return matmul(a, b);
}

Tensor dot(const Operand& a, const Tensor& b) {
  const Call call("dot", a.where);
  check_ranks("dot", a, 1, b, 1);
  require(a.shape() == b.shape(), "dot: the vectors must have the same length, got {} and {}",
          a.shape(), b.shape());
  const DType wide = compute_type(a.dtype());
  return cast(sum(mul(cast(a, wide), cast(b, wide))), a.dtype());
}

Tensor outer(const Operand& a, const Tensor& b) {
  const Call call("outer", a.where);
  check_ranks("outer", a, 1, b, 1);
  return mul(reshape(a, {a.shape(0), 1}), b);
}

Tensor linear(const Operand& input, const Tensor& w, const Tensor& b) {
  const Call call("linear", input.where);
  const Tensor x = detail::amp_low(input), weight = detail::amp_low(w), bias = detail::amp_low(b);
  check_pair("linear", x, weight);
  require(weight.ndim() == 1 || weight.ndim() == 2,
          "linear: the weight must be [out, in] or [in], got {}", weight.shape());
  require(x.ndim() > 0 && x.shape(-1) == weight.shape(-1),
          "linear: the last axis of the input {} must have the {} features of the weight {}",
          x.shape(), weight.shape(-1), weight.shape());
  Tensor y = matmul(x, weight, {.transpose_b = weight.ndim() == 2});
  if (!bias.defined()) return y;
  const Shape expected = weight.shape().slice(0, weight.ndim() - 1);
  require(bias.shape() == expected && bias.dtype() == x.dtype(),
          "linear: the bias must be {} {} for the weight {}, got {} {}", x.dtype(), expected,
          weight.shape(), bias.dtype(), bias.shape());
  return add(y, bias);
}

Tensor addmm(const Operand& input, const Tensor& left, const Tensor& right,
             const AddmmOptions& options) {
  const Call call("addmm", input.where);
  const Tensor a = detail::amp_low(left), b = detail::amp_low(right);
  check_ranks("addmm", a, 2, b, 2);
  const Tensor product = matmul(a, b);
  require(input.defined() &&
              broadcast_shapes(input.shape(), product.shape(), "addmm") == product.shape(),
          "addmm: the input must broadcast to the product {}, got {}", product.shape(),
          input.defined() ? input.shape().str() : "an undefined tensor");
  require(input.is_number || detail::amp_low(input).dtype() == a.dtype(),
          "addmm: all tensors must have the same dtype, got {} and {}", input.dtype(), a.dtype());
  const auto scaled = [&](const Tensor& x, double factor) {
    if (factor == 1) return x;
    require(is_floating(x.dtype()) || factor == static_cast<double>(static_cast<int64_t>(factor)),
            "addmm: beta and alpha must be whole numbers for {}, got {}", x.dtype(), factor);
    return mul(x, is_floating(x.dtype()) ? Operand(factor) : Operand(static_cast<int64_t>(factor)));
  };
  if (options.beta == 0) return scaled(product, options.alpha);
  return add(scaled(converted(input, a.dtype()), options.beta), scaled(product, options.alpha));
}

}  // namespace tessera
