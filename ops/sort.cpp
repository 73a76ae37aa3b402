#include "ops/sort.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include <fmt/core.h>

#include "core/cpu/parallel.h"
#include "core/cuda/stream.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/index.h"
#include "ops/shape.h"
#include "ops/sort.cu.inc"
#include "ops/unary.h"

namespace tessera {

namespace {

// a before b in ascending order, NaN last.
template <class T>
bool before(T a, T b) {
  return a < b || (a == a && b != b);
}

// Whether the first `count` elements of a line are found by the digits of 32-bit keys. That puts
// all of them in order, so it is worth it where many are wanted.
bool by_digits(int64_t extent, int64_t count) {
  constexpr int64_t kShort = 64, kIndices = int64_t{1} << 32;
  return extent >= kShort && extent <= kIndices && count >= extent / 8;
}

// Grows from element to element in ascending order: zeros have one key, NaN the greatest.
template <class T>
uint32_t key_of(T x) {
  if constexpr (std::is_same_v<T, float>) {
    if (x != x) return ~0U;
    const auto bits = std::bit_cast<uint32_t>(x + 0.0F);
    return (bits >> 31) != 0 ? ~bits : bits | 1U << 31;
  } else {
    return static_cast<uint32_t>(x) ^ (std::is_signed_v<T> ? 1U << 31 : 0U);
  }
}

// The order of `line` by its keys: entries of a key and an index, by one digit of the keys after
// the other, from the lowest on. Equal elements stay in order each time. `spare` is memory to use.
template <class T>
void sort_by_digits(const std::vector<T>& line, bool descending, std::vector<int64_t>& order,
                    std::vector<int64_t>& spare) {
  constexpr int kDigits = 4, kBits = 8, kValues = 1 << kBits, kIndexBits = 32;
  const auto digit = [](int64_t entry, int d) {
    return static_cast<uint64_t>(entry) >> (kIndexBits + d * kBits) & (kValues - 1);
  };
  uint64_t places[kDigits][kValues] = {};
  for (size_t i = 0; i < line.size(); ++i) {
    const uint32_t key = key_of(line[i]), towards = descending ? ~key : key;
    order[i] = static_cast<int64_t>(uint64_t{towards} << kIndexBits | i);
    for (int d = 0; d < kDigits; ++d) ++places[d][digit(order[i], d)];
  }
  spare.resize(order.size());
  for (int d = 0; d < kDigits; ++d) {
    if (places[d][digit(order[0], d)] == order.size()) continue;  // all have the same
    std::exclusive_scan(places[d], places[d] + kValues, places[d], uint64_t{0});
    for (const int64_t entry : order) spare[places[d][digit(entry, d)]++] = entry;
    order.swap(spare);
  }
  for (int64_t& entry : order) entry &= (int64_t{1} << kIndexBits) - 1;
}

// Indices of the first `count` elements in order along an axis.
class ArgsortOp final : public KernelOp {
 public:
  ArgsortOp(int axis, bool descending, int64_t count)
      : axis_(axis), descending_(descending), count_(count) {}
  std::string_view name() const override { return "argsort"; }
  void key(std::string& out) const override { append_key(out, axis_, descending_, count_); }
  bool differentiable() const override { return false; }

  void run(std::span<const Array> inputs, const Array& output) const override {
    switch (inputs[0].dtype) {
      case f32:
        return sort_lines<float>(inputs[0], output);
      case f64:
        return sort_lines<double>(inputs[0], output);
      case i32:
        return sort_lines<int32_t>(inputs[0], output);
      case i64:
        return sort_lines<int64_t>(inputs[0], output);
      default:
        return sort_lines<uint8_t>(inputs[0], output);  // u8 and bool
    }
  }

  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& out) const override {
    constexpr int64_t kShort = 4096;
    const Shape& x = in[0].shape;
    cuda::sort::Lines lines{.outer = x.slice(0, axis_).numel(),
                            .extent = x[axis_],
                            .inner = x.slice(axis_ + 1, x.ndim()).numel(),
                            .count = count_,
                            .descending = descending_,
                            .x = in[0].data,
                            .result = out.as<int64_t>()};
    const int64_t count = lines.outer * lines.inner;
    const auto launch = [&](const std::string& kernel, int64_t threads) {
      stream.launch("ops/sort.cu.inc", "cuda::sort::" + kernel, cuda::blocks_for(threads), lines);
    };
    const char* const type = cuda::c_type(in[0].dtype);
    if (lines.extent <= kShort) {
      launch(fmt::format("rank<{}>", type), count_ == 0 ? 0 : count * lines.extent);
      return true;
    }
    lines.padded = static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(lines.extent)));
    const auto order = stream.scratch(count * lines.padded * size_of(i64));
    lines.order = reinterpret_cast<int64_t*>(order.data());
    launch("number", count * lines.padded);
    const std::string exchange = fmt::format("exchange<{}>", type);
    for (lines.run = 2; lines.run <= lines.padded; lines.run *= 2) {
      for (lines.distance = lines.run / 2; lines.distance > 0; lines.distance /= 2)
        launch(exchange, count * lines.padded / 2);
    }
    launch("take", count * count_);
    return true;
  }

 private:
  template <class T>
  void sort_lines(const Array& input, const Array& output) const {
    constexpr int64_t kGrain = 4096;
    const int64_t extent = input.shape[axis_];
    const int64_t inner = input.shape.slice(axis_ + 1, input.shape.ndim()).numel();
    const int64_t lines = input.shape.slice(0, axis_).numel() * inner;
    if (extent == 0 || count_ == 0) return;
    cpu::parallel_ranges(lines, kGrain / extent + 1, [&](int64_t begin, int64_t end) {
      std::vector<T> line(static_cast<size_t>(extent));
      std::vector<int64_t> order(line.size()), spare;
      for (int64_t l = begin; l < end; ++l) {
        const T* x = input.as<T>() + l / inner * extent * inner + l % inner;
        for (size_t i = 0; i < line.size(); ++i) line[i] = x[static_cast<int64_t>(i) * inner];
        sort_line(line, order, spare);
        int64_t* y = output.as<int64_t>() + l / inner * count_ * inner + l % inner;
        for (int64_t i = 0; i < count_; ++i) y[i * inner] = order[static_cast<size_t>(i)];
      }
    });
  }

  template <class T>
  void sort_line(const std::vector<T>& line, std::vector<int64_t>& order,
                 std::vector<int64_t>& spare) const {
    if constexpr (sizeof(T) <= sizeof(uint32_t)) {
      if (by_digits(std::ssize(line), count_))
        return sort_by_digits(line, descending_, order, spare);
    }
    std::iota(order.begin(), order.end(), 0);
    const auto in_order = [&](int64_t a, int64_t b) {
      const T x = line[static_cast<size_t>(a)], y = line[static_cast<size_t>(b)];
      if (descending_ ? before(y, x) : before(x, y)) return true;
      if (descending_ ? before(x, y) : before(y, x)) return false;
      return a < b;
    };
    if (count_ < static_cast<int64_t>(order.size())) {
      std::partial_sort(order.begin(), order.begin() + count_, order.end(), in_order);
    } else {
      std::sort(order.begin(), order.end(), in_order);
    }
  }

  int axis_;
  bool descending_;
  int64_t count_;
};

// x with at least one dimension, as torch takes numbers here, and the axis from the front.
struct Line {
  Tensor x;
  int axis;
  int64_t extent;
  bool number;

  Line(const char* op, const Operand& operand, int64_t axis_given)
      : x(operand), axis(0), extent(1), number(false) {
    require(operand.defined(), "{}: the argument is an undefined tensor", op);
    axis = normalize_axis(axis_given, std::max(operand.ndim(), 1), op);
    number = operand.ndim() == 0;
    if (number) x = reshape(operand, {1});
    extent = x.shape(axis);
  }

  Tensor order(bool descending, int64_t count) const {
    const DType type = x.dtype() == bool_ ? u8 : compute_type(x.dtype());
    return make_node(std::make_shared<ArgsortOp>(axis, descending, count), {cast(x, type)},
                     x.shape().with(axis, count), i64);
  }

  Tensor restored(const Tensor& y) const { return number ? reshape(y, {}) : y; }

  ValuesAndIndices gathered(const Tensor& index) const {
    return {restored(gather(x, axis, index)), restored(index)};
  }

  // The one element for each line that `index` (extent 1 along the axis) names.
  ValuesAndIndices picked(const Tensor& index, bool keepdim) const {
    const Shape shape = keepdim && !number ? index.shape() : index.shape().without(axis);
    return {reshape(gather(x, axis, index), shape), reshape(index, shape)};
  }

  // Entry i of an order, with extent 1 along the axis.
  Tensor entry(const Tensor& index, int64_t i) const {
    return slice(index, axis, {.start = i, .stop = i + 1});
  }
};

void require_elements(const char* op, const Line& line) {
  require(line.extent > 0, "{}: the axis must not be empty, got axis {} of shape {}", op, line.axis,
          line.x.shape());
}

Operand flattened(const char* op, const Operand& x) {
  require(x.defined(), "{}: the argument is an undefined tensor", op);
  return {reshape(x, {x.numel()}), x.where};
}

}  // namespace

Tensor argsort(const Operand& x, int64_t axis, bool descending) {
  const Call call("argsort", x.where);
  const Line line("argsort", x, axis);
  return line.restored(line.order(descending, line.extent));
}

ValuesAndIndices sort(const Operand& x, int64_t axis, bool descending) {
  const Call call("sort", x.where);
  const Line line("sort", x, axis);
  return line.gathered(line.order(descending, line.extent));
}

ValuesAndIndices topk(const Operand& x, int64_t k, int64_t axis, bool largest) {
  const Call call("topk", x.where);
  const Line line("topk", x, axis);
  require(k >= 0 && k <= line.extent, "topk: k must lie in [0, {}], the extent of axis {}, got {}",
          line.extent, line.axis, k);
  const Tensor index = line.order(largest, k);
  if (line.number && k == 0) return {gather(line.x, 0, index), index};
  return line.gathered(index);
}

ValuesAndIndices kthvalue(const Operand& x, int64_t k, int64_t axis, bool keepdim) {
  const Call call("kthvalue", x.where);
  const Line line("kthvalue", x, axis);
  require(k >= 1 && k <= line.extent,
          "kthvalue: k must lie in [1, {}], the extent of axis {}, got {}", line.extent, line.axis,
          k);
  return line.picked(line.entry(line.order(false, k), k - 1), keepdim);
}

Tensor median(const Operand& x) {
  const Call call("median", x.where);
  return median(flattened("median", x), 0).values;
}

ValuesAndIndices median(const Operand& x, int64_t axis, bool keepdim) {
  const Call call("median", x.where);
  const Line line("median", x, axis);
  require_elements("median", line);
  const Tensor order = line.order(false, line.extent);
  Tensor index = line.entry(order, (line.extent - 1) / 2);
  if (is_floating(x.dtype())) {  // a NaN is the last in order
    const Tensor last = line.entry(order, line.extent - 1);
    index = where(isnan(gather(line.x, line.axis, last)), last, index);
  }
  return line.picked(index, keepdim);
}

Tensor quantile(const Operand& x, double q) {
  const Call call("quantile", x.where);
  return quantile(flattened("quantile", x), q, 0);
}

Tensor quantile(const Operand& x, double q, int64_t axis, bool keepdim) {
  const Call call("quantile", x.where);
  const Line line("quantile", x, axis);
  require_elements("quantile", line);
  require(is_floating(x.dtype()), "quantile: x must be floating, got {} {}; cast it first",
          x.dtype(), x.shape());
  require(q >= 0 && q <= 1, "quantile: q must lie in [0, 1], got {}", q);
  const double position = q * static_cast<double>(line.extent - 1);
  const auto low = static_cast<int64_t>(position);
  const int64_t high = std::min(low + 1, line.extent - 1);
  const Tensor order = line.order(false, line.extent);
  const auto value = [&](int64_t i) {
    return cast(line.picked(line.entry(order, i), keepdim).values, compute_type(x.dtype()));
  };
  const Tensor below = value(low), above = value(high), last = value(line.extent - 1);
  const double share = position - static_cast<double>(low);
  const Tensor y = share == 0 ? below : below + (above - below) * share;
  return cast(where(isnan(last), last, y), x.dtype());
}

Unique unique(const Operand& x, std::optional<int64_t> axis) {
  const Call call("unique", x.where);
  const Operand flat = axis ? x : flattened("unique", x);
  const Line line("unique", flat, axis.value_or(0));
  // The slices as rows, row-major.
  const int64_t n = line.extent, m = n == 0 ? 0 : line.x.numel() / n;
  Shape to_front{line.axis};
  for (int i = 0; i < line.x.ndim(); ++i) {
    if (i != line.axis) to_front.push_back(i);
  }
  const DType type = line.x.dtype() == bool_ ? u8 : compute_type(line.x.dtype());
  const Tensor rows = cast(permute(line.x, to_front), type);
  std::vector<int64_t> order(static_cast<size_t>(n)), inverse(order.size()), counts, first;
  std::iota(order.begin(), order.end(), 0);
  dispatch(type, [&]<class T>(T) {
    if constexpr (std::is_arithmetic_v<T>) {
      const T* data = rows.data<T>().data();
      std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
        return std::lexicographical_compare(data + a * m, data + (a + 1) * m, data + b * m,
                                            data + (b + 1) * m, before<T>);
      });
      for (size_t i = 0; i < order.size(); ++i) {
        const T *row = data + order[i] * m, *previous = i == 0 ? row : data + order[i - 1] * m;
        if (i == 0 || !std::equal(row, row + m, previous)) {
          first.push_back(order[i]);
          counts.push_back(0);
        }
        ++counts.back();
        inverse[static_cast<size_t>(order[i])] = static_cast<int64_t>(counts.size()) - 1;
      }
    }
  });
  const auto list = [](const std::vector<int64_t>& values, const Shape& shape) {
    return tensor<int64_t>(values, shape);
  };
  const Shape found{static_cast<int64_t>(first.size())};
  const Tensor indices = list(first, found);
  return {index_select(line.x, line.axis, indices), list(inverse, axis ? Shape{n} : x.shape()),
          list(counts, found), indices};
}

}  // namespace tessera
