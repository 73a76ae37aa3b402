#include "ops/scatter.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include <fmt/core.h>

#include "core/cpu/parallel.h"
#include "core/cuda/stream.h"
#include "ops/axis_index.h"
#include "ops/binary.h"
#include "ops/binary_functions.h"
#include "ops/fixed_sums.h"
#include "ops/index.cu.inc"
#include "ops/index.h"
#include "ops/shape.h"

namespace tessera {

namespace {

// What a kernel does with two values that meet.
struct Set {
  template <class T>
  static T f(T, T b) {
    return b;
  }
};

// y = x with src combined into it at an i64 index: a 1-D one writes whole slices, one of the rank
// of x single elements. Work is split across the lines along the axis, never along one, so every
// element meets its values in the order of the index.
class ScatterOp final : public KernelOp {
 public:
  ScatterOp(int axis, Combine combine) : axis_(axis), combine_(combine) {}
  std::string_view name() const override { return "scatter"; }
  void key(std::string& out) const override { append_key(out, axis_, combine_); }

  void run(std::span<const Array> inputs, const Array& output) const override {
    std::memcpy(output.data, inputs[0].data,
                static_cast<size_t>(output.numel() * size_of(output.dtype)));
    dispatch(output.dtype, [&]<class T>(T) {
      if (combine_ == Combine::set) return write<T, Set>(inputs, output);
      if constexpr (!std::is_class_v<T>) {  // halves are combined in f32
        if (combine_ == Combine::sum) return write<T, binary::Add>(inputs, output);
        if (combine_ == Combine::prod) return write<T, binary::Mul>(inputs, output);
        if (combine_ == Combine::amin) return write<T, binary::Minimum>(inputs, output);
        if (combine_ == Combine::amax) return write<T, binary::Maximum>(inputs, output);
      }
    });
  }

  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& y) const override {
    constexpr int64_t kLines = 1 << 14;  // enough for a thread each
    const char* const file = "ops/index.cu.inc";
    const cpu::Lines to(y.shape, axis_), from(in[2].shape, axis_);
    cuda::index::Lines lines{.outer = to.outer,
                             .extent = to.extent,
                             .inner = to.inner,
                             .count = from.extent,
                             .slices = in[1].shape.ndim() != y.shape.ndim(),
                             .index = in[1].as<int64_t>(),
                             .x = in[0].data,
                             .values = in[2].data,
                             .result = y.data,
                             .fault = stream.faults().fault(cpu::index_contract(to.extent, axis_))};
    if (combine_ == Combine::sum && is_floating(y.dtype) && to.outer * to.inner < kLines) {
      detail::FixedSums fixed(stream, y.numel(), in[2], from.extent);
      stream.launch(file, fmt::format("cuda::index::scatter_sum<{}>", cuda::c_type(y.dtype)),
                    cuda::blocks_for(in[2].numel()), cuda::index::SumLines{lines, fixed.sums()});
      fixed.finish(y, in[0].data);
      return true;
    }
    const char* const names[] = {"Last", "binary::Add",     "binary::Mul",
                                 "",     "binary::Minimum", "binary::Maximum"};
    const char* const type = cuda::c_type(y.dtype);
    stream.launch(file, fmt::format("cuda::index::copy<{}>", type), cuda::blocks_for(y.numel()),
                  lines);
    if (in[2].numel() == 0) return true;
    stream.launch(file,
                  fmt::format("cuda::index::scatter<{}, {}{}>", type,
                              combine_ == Combine::set ? "cuda::index::" : "",
                              names[static_cast<size_t>(combine_)]),
                  cuda::blocks_for(to.outer * to.inner), lines);
    return true;
  }

  Tensors vjp(const Tensors& x, const Tensor& y, const Tensor& dy, Needed needed) const override {
    Gradient gradient{*this, x[0], x[1], x[2], y, dy, {}, {}};
    if (combine_ == Combine::set) gradient.of_set();
    if (combine_ == Combine::sum) gradient.of_sum();
    if (combine_ == Combine::prod) gradient.of_prod();
    if (combine_ == Combine::amin || combine_ == Combine::amax) gradient.of_extreme();
    return {needed[0] ? gradient.dx : Tensor(), {}, needed[2] ? gradient.dsrc : Tensor()};
  }

 private:
  struct Gradient {
    const ScatterOp& op;
    const Tensor &x, &index, &src, &y, &dy;
    Tensor dx, dsrc;

    bool slices() const { return index.ndim() != x.ndim(); }
    // What stands in `values`, of the shape of x, where each element of src went.
    Tensor at_source(const Tensor& values) const {
      return slices() ? index_select(values, op.axis_, index) : gather(values, op.axis_, index);
    }
    Tensor combined(const Tensor& onto, const Tensor& from, Combine combine) const {
      return make_node(std::make_shared<ScatterOp>(op.axis_, combine), {onto, index, from},
                       onto.shape(), onto.dtype());
    }
    Tensor filled(const Tensor& like, int64_t value, DType dtype) const {
      return expand(scalar(value, dtype), like.shape());
    }

    void of_set() {
      dx = combined(dy, filled(src, 0, dy.dtype()), Combine::set);
      // Everyone writes an own number; who finds it again was the last.
      const Tensor number = iota(src.shape());
      const Tensor last = eq(at_source(combined(filled(x, 0, i64), number, Combine::set)), number);
      dsrc = where(last, at_source(dy), 0);
    }

    void of_sum() {
      dx = dy;
      dsrc = at_source(dy);
    }

    // The product of the others is y / x, with zeros left out of both, unless another one is zero.
    void of_prod() {
      const Tensor x_zero = eq(x, 0), src_zero = eq(src, 0);
      const Tensor x_factor = where(x_zero, 1, x), src_factor = where(src_zero, 1, src);
      const Tensor product = combined(x_factor, src_factor, Combine::prod);
      const Tensor zeros = combined(cast(x_zero, i64), cast(src_zero, i64), Combine::sum);
      const auto others = [](const Tensor& all_zeros, const Tensor& own_zero, const Tensor& scaled,
                             const Tensor& own_factor) {
        return where(eq(all_zeros, cast(own_zero, i64)), scaled / own_factor, 0);
      };
      dx = others(zeros, x_zero, dy * product, x_factor);
      dsrc = others(at_source(zeros), src_zero, at_source(dy * product), src_factor);
    }

    void of_extreme() {
      const Tensor x_best = eq(x, y), src_best = eq(src, at_source(y));
      const Tensor count =
          combined(cast(x_best, dy.dtype()), cast(src_best, dy.dtype()), Combine::sum);
      const Tensor share = dy / count;
      dx = where(x_best, share, 0);
      dsrc = where(src_best, at_source(share), 0);
    }
  };

  template <class T, class F>
  void write(std::span<const Array> inputs, const Array& output) const {
    constexpr int64_t kColumns = 512, kGrain = 1 << 14;
    const cpu::Lines to(output.shape, axis_), from(inputs[2].shape, axis_);
    const bool slices = inputs[1].shape.ndim() != output.shape.ndim();
    const int64_t* index = inputs[1].as<const int64_t>();
    const T* src = inputs[2].as<const T>();
    T* y = output.as<T>();
    const int64_t blocks = (to.inner + kColumns - 1) / kColumns;
    const int64_t work = std::max<int64_t>(1, from.extent * std::min(to.inner, kColumns));
    cpu::parallel_ranges(
        to.outer * blocks, std::max<int64_t>(1, kGrain / work), [&](int64_t begin, int64_t end) {
          for (int64_t item = begin; item < end; ++item) {
            const int64_t outer = item / blocks, first = item % blocks * kColumns;
            const int64_t last = std::min(to.inner, first + kColumns);
            T* block = y + outer * to.extent * to.inner;
            for (int64_t i = 0; i < from.extent; ++i) {
              const int64_t row = (outer * from.extent + i) * to.inner;
              if (slices) {
                T* slice = block + cpu::position_of(index[i], to.extent, axis_) * to.inner;
                for (int64_t k = first; k < last; ++k) slice[k] = F::f(slice[k], src[row + k]);
              } else {
                for (int64_t k = first; k < last; ++k) {
                  const int64_t at = cpu::position_of(index[row + k], to.extent, axis_);
                  T& element = block[at * to.inner + k];
                  element = F::f(element, src[row + k]);
                }
              }
            }
          }
        });
  }

  int axis_;
  Combine combine_;
};

// The value that changes nothing when combined with another.
Tensor identity_of(Combine combine, DType dtype) {
  if (combine == Combine::sum || combine == Combine::mean) return scalar(int64_t{0}, dtype);
  if (combine == Combine::prod) return scalar(int64_t{1}, dtype);
  const bool greatest = combine == Combine::amin;
  return dispatch(dtype, [&]<class T>(T) {
    if constexpr (std::is_integral_v<T>) {
      using Limits = std::numeric_limits<T>;
      return scalar(static_cast<int64_t>(greatest ? Limits::max() : Limits::lowest()), dtype);
    } else {
      constexpr double inf = std::numeric_limits<double>::infinity();
      return scalar(greatest ? inf : -inf, dtype);
    }
  });
}

// Index and src cover all of x in the axes other than `axis`.
Tensor combine_into(const Tensor& x, int axis, const Tensor& index, const Tensor& src,
                    Combine combine, bool include_self) {
  const DType dtype = x.dtype();
  const bool as_float = is_half(dtype) && combine != Combine::set;
  const auto node = [&](Combine how, const Tensor& onto, const Tensor& from) {
    return make_node(std::make_shared<ScatterOp>(axis, how), {onto, index, from}, onto.shape(),
                     onto.dtype());
  };
  Tensor onto = as_float ? cast(x, f32) : x;
  const Tensor from = as_float ? cast(src, f32) : src;
  if (!include_self && combine != Combine::set) {
    const Tensor touched = node(Combine::set, expand(scalar(int64_t{0}, bool_), x.shape()),
                                expand(scalar(int64_t{1}, bool_), src.shape()));
    onto = where(touched, identity_of(combine, onto.dtype()), onto);
  }
  Tensor y = node(combine == Combine::mean ? Combine::sum : combine, onto, from);
  if (combine == Combine::mean) {
    const Tensor count =
        node(Combine::sum, expand(scalar(int64_t{include_self}, onto.dtype()), x.shape()),
             expand(scalar(int64_t{1}, onto.dtype()), src.shape()));
    y = y / maximum(count, 1);
  }
  return cast(y, dtype);
}

Tensor checked_source(const char* op, const Operand& x, const Operand& src, const Shape& shape) {
  if (src.is_number) return expand(converted(src, x.dtype()), shape);
  require(src.dtype() == x.dtype(), "{}: src must be {} like x, got {}; convert it with cast", op,
          x.dtype(), src.dtype());
  return src;
}

void check_combination(const char* op, Combine combine, DType dtype) {
  require(combine != Combine::mean || is_floating(dtype),
          "{}: a mean needs floating values, got {}; convert x and src with cast", op, dtype);
}

Tensor scatter_elements(const char* op, const Operand& x, int64_t axis, const Tensor& index,
                        const Operand& src, Combine combine, bool include_self) {
  const Call call(op, x.where);
  const int a = normalize_axis(axis, x.ndim(), op);
  const Tensor positions = detail::checked_index(index, op);
  check_combination(op, combine, x.dtype());
  const Tensor values = checked_source(op, x, src, index.shape());
  Shape part = x.shape();
  for (int i = 0; i < x.ndim(); ++i) {
    require(index.ndim() == x.ndim() && values.ndim() == x.ndim() &&
                index.shape(i) <= values.shape(i) && (i == a || index.shape(i) <= x.shape(i)),
            "{}: index {} must have the rank of x {} and of src {}, and no greater extent in any "
            "axis, {} of x excepted",
            op, index.shape(), x.shape(), values.shape(), a);
    if (i != a) part[i] = index.shape(i);
  }
  const Shape start = Shape::filled(x.ndim(), 0), unit = Shape::filled(x.ndim(), 1);
  Tensor y = combine_into(strided(x, start, part, unit), a, positions,
                          strided(values, start, index.shape(), unit), combine, include_self);
  if (part == x.shape()) return y;
  // The rest of x is what the index does not reach.
  Shape after = x.shape();
  for (int i = 0; i < x.ndim(); ++i) after[i] -= part[i];
  const Tensor inside = pad_zeros(expand(scalar(int64_t{1}, bool_), part), start, after);
  return where(inside, pad_zeros(y, start, after), x);
}

Tensor scatter_slices(const char* op, const Operand& x, int64_t axis, const Tensor& index,
                      const Operand& src, Combine combine, bool include_self) {
  const Call call(op, x.where);
  const int a = normalize_axis(axis, x.ndim(), op);
  const Tensor positions = detail::checked_index(index, op);
  check_combination(op, combine, x.dtype());
  require(index.ndim() == 1, "{}: the index must be 1-D, got {}; for single elements use scatter",
          op, index.shape());
  const Shape expected = x.shape().with(a, index.numel());
  const Tensor values = checked_source(op, x, src, expected);
  require(values.shape() == expected,
          "{}: src must be {} for x {} and {} indices along axis {}, "
          "got {}",
          op, expected, x.shape(), index.numel(), a, values.shape());
  return combine_into(x, a, positions, values, combine, include_self);
}

}  // namespace

Tensor scatter(const Operand& x, int64_t axis, const Tensor& index, const Operand& src) {
  return scatter_elements("scatter", x, axis, index, src, Combine::set, true);
}

Tensor scatter_add(const Operand& x, int64_t axis, const Tensor& index, const Operand& src) {
  return scatter_elements("scatter_add", x, axis, index, src, Combine::sum, true);
}

Tensor scatter_reduce(const Operand& x, int64_t axis, const Tensor& index, const Operand& src,
                      Combine combine, const ScatterOptions& o) {
  return scatter_elements("scatter_reduce", x, axis, index, src, combine, o.include_self);
}

Tensor index_copy(const Operand& x, int64_t axis, const Tensor& index, const Operand& src) {
  return scatter_slices("index_copy", x, axis, index, src, Combine::set, true);
}

Tensor index_add(const Operand& x, int64_t axis, const Tensor& index, const Operand& src) {
  return scatter_slices("index_add", x, axis, index, src, Combine::sum, true);
}

Tensor index_reduce(const Operand& x, int64_t axis, const Tensor& index, const Operand& src,
                    Combine combine, const ScatterOptions& o) {
  return scatter_slices("index_reduce", x, axis, index, src, combine, o.include_self);
}

}  // namespace tessera
