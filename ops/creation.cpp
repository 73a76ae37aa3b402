#include "ops/creation.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/op.h"
#include "ops/binary.h"
#include "ops/shape.h"

namespace tessera {

namespace {

Tensor filled(const char* op, const Shape& shape, const Tensor& value) {
  require(std::all_of(shape.begin(), shape.end(), [](int64_t extent) { return extent >= 0; }),
          "{}: extents must not be negative, got {}", op, shape);
  return expand(value, shape);
}

// Number of elements of arange in integers, exactly.
int64_t count_of(int64_t start, int64_t end, int64_t step) {
  const __int128 distance = static_cast<__int128>(end) - start;
  const __int128 count = (distance + step + (step > 0 ? -1 : 1)) / step;
  constexpr int64_t kMost = int64_t{1} << 62;  // too many for any memory: refused as a shape
  return count > kMost ? kMost : static_cast<int64_t>(count);
}

}  // namespace

Tensor zeros(const Shape& shape, DType dtype, const std::source_location& where) {
  const Call call("zeros", where);
  return filled("zeros", shape, scalar(int64_t{0}, dtype));
}

Tensor ones(const Shape& shape, DType dtype, const std::source_location& where) {
  const Call call("ones", where);
  return filled("ones", shape, scalar(int64_t{1}, dtype));
}

Tensor full(const Shape& shape, const Operand& value, std::optional<DType> dtype) {
  const Call call("full", value.where);
  require(value.ndim() == 0, "full: value must be a number or 0-dimensional, got shape {}",
          value.shape());
  return filled("full", shape, converted(value, dtype.value_or(value.dtype())));
}

Tensor zeros_like(const Operand& x, std::optional<DType> dtype) {
  return zeros(x.shape(), dtype.value_or(x.dtype()), x.where);
}

Tensor ones_like(const Operand& x, std::optional<DType> dtype) {
  return ones(x.shape(), dtype.value_or(x.dtype()), x.where);
}

Tensor full_like(const Operand& x, const Operand& value, std::optional<DType> dtype) {
  const Call call("full_like", x.where);
  return full(x.shape(), value, dtype.value_or(x.dtype()));
}

Tensor arange(const Operand& start, const Operand& end, const Operand& step,
              std::optional<DType> dtype) {
  const Call call("arange", start.where);
  for (const Operand* x : {&start, &end, &step}) {
    require(x->numel() == 1, "arange: start, end and step must be single numbers, got shape {}",
            x->shape());
  }
  const bool integral =
      !is_floating(start.dtype()) && !is_floating(end.dtype()) && !is_floating(step.dtype());
  const auto real = [](const Operand& x) { return x.is_number ? x.number : x.item(); };
  const double first = real(start), last = real(end), by = real(step);
  require(by != 0 && (last - first) / by >= 0,
          "arange: step must lead from start to end, got start {}, end {}, step {}", first, last,
          by);
  if (integral) {
    const auto exact = [](const Operand& x) { return x.to_vector<int64_t>()[0]; };
    const Tensor index = iota({count_of(exact(start), exact(end), exact(step))});
    const Tensor y = scalar(exact(start), i64) + index * scalar(exact(step), i64);
    return cast(y, dtype.value_or(i64));
  }
  const double count = std::ceil((last - first) / by);
  require(count < 0x1p62, "arange: too many elements, got start {}, end {}, step {}", first, last,
          by);
  const Tensor index = cast(iota({static_cast<int64_t>(count)}), f64);
  return cast(first + index * by, dtype.value_or(f32));
}

Tensor arange(const Operand& end, std::optional<DType> dtype) {
  return arange(Operand(0, end.where), end, 1, dtype);
}

Tensor linspace(double start, double end, int64_t steps, DType dtype,
                const std::source_location& where) {
  const Call call("linspace", where);
  require(steps >= 0, "linspace: steps must not be negative, got {}", steps);
  const Tensor index = iota({steps});
  if (steps == 1) return full({1}, start, dtype);
  // Each half is counted from its own end, so that both ends are exact.
  const double step = (end - start) / static_cast<double>(steps - 1);
  const Tensor i = cast(index, f64);
  const Tensor forward = start + i * step;
  const Tensor backward = end - (static_cast<double>(steps - 1) - i) * step;
  return cast(tessera::where(index < steps / 2, forward, backward), dtype);
}

Tensor eye(int64_t n, std::optional<int64_t> m, DType dtype, const std::source_location& where) {
  const Call call("eye", where);
  const int64_t columns = m.value_or(n);
  require(n >= 0 && columns >= 0, "eye: extents must not be negative, got {} and {}", n, columns);
  return cast(iota({n, 1}) == iota({columns}), dtype);
}

}  // namespace tessera
