#include "io/element_type.h"

#include <limits>

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/bytes.h"

using namespace tessera;
using io::Layout;

namespace {

Tensor read(const std::string& bytes, const char* type, const Layout& layout) {
  return io::make_tensor(bytes, io::parse_numpy_type(type, "x"), layout, "x");
}

template <class T>
std::string raw(std::initializer_list<T> values) {
  std::string bytes;
  for (const T value : values) bytes += io::bytes_of(value);
  return bytes;
}

using Values = std::vector<double>;

}  // namespace

TEST_SUITE("io/element_type") {
  TEST_CASE("every type becomes the nearest of ours") {
    const Layout two = Layout::row_major({2});
    const auto check = [&](const std::string& bytes, const char* type, DType dtype, Values values) {
      CAPTURE(type);
      const Tensor x = read(bytes, type, two);
      CHECK(x.dtype() == dtype);
      CHECK(x.to_vector<double>() == values);
    };
    check({'\0', '\2'}, "|b1", bool_, {0, 1});
    check({'\1', '\xff'}, "|u1", u8, {1, 255});
    check({'\1', '\xff'}, "|i1", i32, {1, -1});
    check(raw<int16_t>({1, -300}), "<i2", i32, {1, -300});
    check(raw<uint16_t>({1, 65535}), "<u2", i32, {1, 65535});
    check(raw<int32_t>({1, -70000}), "=i4", i32, {1, -70000});
    check(raw<uint32_t>({1, 4000000000}), "<u4", i64, {1, 4e9});
    check(raw<int64_t>({1, -1ll << 40}), "<i8", i64, {1, -1099511627776.});
    check(raw<uint64_t>({1, 1ull << 40}), "<u8", i64, {1, 1099511627776.});
    check(raw<float>({1, -0.5}), "<f4", f32, {1, -0.5});
    check(raw<double>({1, -0.5}), "f8", f64, {1, -0.5});
    check(std::string("\0\x3c\0\xb8", 4), "<f2", f16, {1, -0.5});
    check(std::string("\x3c\0\xb8\0", 4), ">f2", f16, {1, -0.5});
    check(std::string("\0\1\1\0", 4), ">u2", i32, {1, 256});
    check(std::string("\xff\xfe\1\0", 4), ">i2", i32, {-2, 256});
  }

  TEST_CASE("strides and orders") {
    const std::string bytes = raw<int32_t>({0, 1, 2, 3, 4, 5});
    CHECK(read(bytes, "<i4", Layout::row_major({2, 3})).to_vector<double>() ==
          Values{0, 1, 2, 3, 4, 5});
    CHECK(read(bytes, "<i4", Layout::column_major({2, 3})).to_vector<double>() ==
          Values{0, 2, 4, 1, 3, 5});
    CHECK(read(bytes, "<i4", {{2, 2}, {3, 1}, 1}).to_vector<double>() == Values{1, 2, 4, 5});
    CHECK(read(bytes, "<i4", {{3}, {0}, 5}).to_vector<double>() == Values{5, 5, 5});
    CHECK(read(bytes, "<i4", {{}, {}, 4}).to_vector<double>() == Values{4});
    CHECK(read(bytes, "<i4", {{0, 7}, {1, 1}, 99}).shape() == Shape{0, 7});
    CHECK(read("", "<i4", Layout::row_major({3, 0})).numel() == 0);
  }

  TEST_CASE("what is beyond the bytes is refused") {
    constexpr int64_t huge = std::numeric_limits<int64_t>::max();
    const std::string bytes = raw<int32_t>({0, 1, 2, 3, 4, 5});
    for (const Layout& layout : {
             Layout{{2, 3}, {3, 1}, 1},
             Layout{{7}, {0}, 0},
             Layout{{7}, {1}, 0},
             Layout{{}, {}, 6},
             Layout{{}, {}, -1},
             Layout{{-1}, {1}, 0},
             Layout{{2}, {-1}, 1},
             Layout{{2}, {huge}, 1},
             Layout{{2}, {1}, huge},
             Layout{{huge, huge}, {0, 0}, 0},
             Layout{{huge, huge, 0}, {0, 0, 0}, 0},
             Layout{{2}, {1, 1}, 0},
             Layout::row_major({huge, huge, 2}),
             Layout::column_major({huge, huge, 2}),
         }) {
      CAPTURE(layout.shape.str());
      CAPTURE(layout.strides.str());
      CHECK_THROWS_WITH_AS(read(bytes, "<i4", layout), doctest::Contains("x: "), Error);
    }
  }

  TEST_CASE("numbers and types without a place of ours") {
    CHECK_THROWS_WITH_AS(read(raw<uint64_t>({1ull << 63}), "<u8", Layout::row_major({1})),
                         "x: a number is too large for i64", Error);
    for (const char* type : {"", "<", "<f", "f3", "<c8", "|O", "<U4", "|S1", "<M8[ns]", "|V4",
                             "<f16", "b8", "<i\xff", "f44"}) {
      CAPTURE(type);
      CHECK_THROWS_AS(io::parse_numpy_type(type, "x"), Error);
    }
  }

  TEST_CASE("our own dtypes") {
    for (const DType dtype : {f32, f64, bf16, f16, i32, i64, u8, bool_}) {
      CHECK(io::dtype_of(io::ElementType::of(dtype)) == dtype);
      CHECK(io::ElementType::of(dtype).size == size_of(dtype));
    }
  }
}
