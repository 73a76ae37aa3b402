#include "io/element_type.h"

#include <algorithm>
#include <limits>
#include <memory>

#include "core/error.h"
#include "io/bytes.h"

namespace tessera::io {

namespace {

using Kind = ElementType::Kind;

// Calls f<Stored, Kept>() with the C++ types that read and keep numbers of `type`; false when
// there are none. A truth value is read as a byte, because a file may hold any.
template <class F>
bool dispatch_type(ElementType type, F&& f) {
  const auto is = [&](Kind kind, int size) { return type.kind == kind && type.size == size; };
  if (is(Kind::floating, 4)) return f.template operator()<float, float>(), true;
  if (is(Kind::floating, 8)) return f.template operator()<double, double>(), true;
  if (is(Kind::floating, 2)) return f.template operator()<Half, Half>(), true;
  if (is(Kind::brain_floating, 2)) return f.template operator()<BFloat16, BFloat16>(), true;
  if (is(Kind::boolean, 1)) return f.template operator()<uint8_t, bool>(), true;
  if (is(Kind::unsigned_integer, 1)) return f.template operator()<uint8_t, uint8_t>(), true;
  if (is(Kind::unsigned_integer, 2)) return f.template operator()<uint16_t, int32_t>(), true;
  if (is(Kind::unsigned_integer, 4)) return f.template operator()<uint32_t, int64_t>(), true;
  if (is(Kind::unsigned_integer, 8)) return f.template operator()<uint64_t, int64_t>(), true;
  if (is(Kind::signed_integer, 1)) return f.template operator()<int8_t, int32_t>(), true;
  if (is(Kind::signed_integer, 2)) return f.template operator()<int16_t, int32_t>(), true;
  if (is(Kind::signed_integer, 4)) return f.template operator()<int32_t, int32_t>(), true;
  if (is(Kind::signed_integer, 8)) return f.template operator()<int64_t, int64_t>(), true;
  return false;
}

// The number of elements, after checking that all of them are among `available` ones.
int64_t checked_numel(const Layout& layout, int64_t available, const std::string& name) {
  const auto refuse = [&] {
    fail(
        fmt::format("{}: shape {} with strides {} from element {} needs more than the {} elements "
                    "there are",
                    name, layout.shape, layout.strides, layout.offset, available));
  };
  require(layout.strides.ndim() == layout.shape.ndim(), "{}: shape {} and strides {} do not match",
          name, layout.shape, layout.strides);
  int64_t numel = 1, last = layout.offset;
  bool empty = false, huge = false;
  for (int axis = 0; axis < layout.shape.ndim(); ++axis) {
    const int64_t extent = layout.shape[axis], stride = layout.strides[axis];
    require(extent >= 0 && stride >= 0 && layout.offset >= 0,
            "{}: extents, strides and offset must not be negative, got {}, {} and {}", name,
            layout.shape, layout.strides, layout.offset);
    if (extent == 0) {
      empty = true;
      continue;
    }
    int64_t step = 0;
    huge |= __builtin_mul_overflow(numel, extent, &numel) ||
            __builtin_mul_overflow(extent - 1, stride, &step) ||
            __builtin_add_overflow(last, step, &last);
  }
  if (huge) refuse();
  if (empty) return 0;
  if (layout.offset < 0 || last >= available || numel > available) refuse();
  return numel;
}

template <class Stored, class Kept>
Kept convert(const char* bytes, bool big_endian) {
  const auto number = number_at<Stored>(bytes, big_endian);
  if constexpr (std::is_same_v<Kept, bool>) {
    return number != 0;
  } else {
    return static_cast<Kept>(number);
  }
}

// Copies the elements one after another, the last axis fastest.
template <class Stored, class Kept>
void gather(const char* bytes, const Layout& layout, bool big_endian, Kept* out) {
  const int last = layout.shape.ndim() - 1;
  const int64_t inner = last < 0 ? 1 : layout.shape[last];
  const int64_t stride = last < 0 ? 0 : layout.strides[last];
  Shape index = Shape::filled(std::max(last, 0), 0);
  for (int64_t row = layout.shape.numel() / inner; row > 0; --row) {
    int64_t at = layout.offset;
    for (int axis = 0; axis < last; ++axis) at += index[axis] * layout.strides[axis];
    const char* from = bytes + at * static_cast<int64_t>(sizeof(Stored));
    if (stride == 1 && !big_endian) {  // by vector instructions
      for (int64_t i = 0; i < inner; ++i) {
        *out++ = convert<Stored, Kept>(from + i * static_cast<int64_t>(sizeof(Stored)), false);
      }
    } else {
      for (int64_t i = 0; i < inner; ++i) {
        *out++ = convert<Stored, Kept>(from + i * stride * static_cast<int64_t>(sizeof(Stored)),
                                       big_endian);
      }
    }
    for (int axis = last - 1; axis >= 0 && ++index[axis] == layout.shape[axis]; --axis) {
      index[axis] = 0;
    }
  }
}

// Lays `axis` out around what has been laid out so far, which takes `step` elements. Extents that
// overflow stay far beyond what any file holds.
void append_axis(Layout& layout, int axis, int64_t& step) {
  layout.strides[axis] = step;
  if (__builtin_mul_overflow(step, layout.shape[axis], &step)) {
    step = std::numeric_limits<int64_t>::max();
  }
}

}  // namespace

ElementType ElementType::of(DType dtype) {
  const auto size = static_cast<uint8_t>(size_of(dtype));
  if (dtype == bool_) return {Kind::boolean, size};
  if (dtype == u8) return {Kind::unsigned_integer, size};
  if (dtype == bf16) return {Kind::brain_floating, size};
  return {is_floating(dtype) ? Kind::floating : Kind::signed_integer, size};
}

DType dtype_of(ElementType type) {
  DType dtype = f32;
  dispatch_type(type, [&]<class Stored, class Kept>() { dtype = tessera::dtype_of<Kept>; });
  return dtype;
}

ElementType parse_numpy_type(std::string_view text, const std::string& name) {
  std::string_view rest = text;
  ElementType type;
  if (!rest.empty() && std::string_view("<>|=").find(rest[0]) != std::string_view::npos) {
    type.big_endian = rest[0] == '>';
    rest.remove_prefix(1);
  }
  constexpr std::pair<char, Kind> kinds[] = {{'b', Kind::boolean},
                                             {'i', Kind::signed_integer},
                                             {'u', Kind::unsigned_integer},
                                             {'f', Kind::floating}};
  const auto* kind = std::find_if(std::begin(kinds), std::end(kinds), [&](const auto& k) {
    return rest.size() == 2 && rest[0] == k.first;
  });
  if (kind != std::end(kinds)) {
    type.kind = kind->second;
    type.size = static_cast<uint8_t>(rest[1] - '0');
    if (dispatch_type(type, []<class, class>() {})) return type;
  }
  fail(
      fmt::format("{}: elements of type '{}' cannot be read; bool, i1-i8, u1-u8, f2, f4 and f8 can",
                  name, text));
}

Layout Layout::row_major(const Shape& shape) {
  Layout layout{shape, shape};
  int64_t step = 1;
  for (int axis = shape.ndim() - 1; axis >= 0; --axis) append_axis(layout, axis, step);
  return layout;
}

Layout Layout::column_major(const Shape& shape) {
  Layout layout{shape, shape};
  int64_t step = 1;
  for (int axis = 0; axis < shape.ndim(); ++axis) append_axis(layout, axis, step);
  return layout;
}

Tensor make_tensor(std::string_view bytes, ElementType type, const Layout& layout,
                   const std::string& name) {
  Tensor result;
  const bool known = dispatch_type(type, [&]<class Stored, class Kept>() {
    const int64_t numel =
        checked_numel(layout, static_cast<int64_t>(bytes.size() / sizeof(Stored)), name);
    if (std::is_same_v<Stored, Kept> && !type.big_endian &&
        layout.strides == Layout::row_major(layout.shape).strides) {
      const char* first = numel == 0 ? bytes.data() : bytes.data() + layout.offset * sizeof(Stored);
      result = from_bytes(first, layout.shape, tessera::dtype_of<Kept>);
      return;
    }
    const auto values = std::make_unique_for_overwrite<Kept[]>(static_cast<size_t>(numel));
    if (numel > 0) gather<Stored>(bytes.data(), layout, type.big_endian, values.get());
    if constexpr (std::is_same_v<Stored, uint64_t>) {
      const bool fits =
          std::all_of(values.get(), values.get() + numel, [](int64_t v) { return v >= 0; });
      require(fits, "{}: a number is too large for i64", name);
    }
    result = from_bytes(values.get(), layout.shape, tessera::dtype_of<Kept>);
  });
  require(known, "{}: numbers of {} bytes cannot be read", name, type.size);
  return result;
}

}  // namespace tessera::io
