#include "core/cpu/gemm.h"

#include <vector>

#include <doctest/doctest.h>

#include "core/settings.h"

using namespace tessera;

namespace {

// Small whole numbers, so that every order of summation gives the same.
template <class T>
std::vector<T> numbers(int64_t count, int64_t seed) {
  std::vector<T> values(static_cast<size_t>(count));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<T>((static_cast<int64_t>(i) * 7919 + seed) % 13);
  return values;
}

// Two products that have one side in common.
template <class T>
void check(int64_t m, int64_t n, int64_t k, bool transpose_a, bool transpose_b, bool same_a) {
  CAPTURE(m);
  CAPTURE(n);
  CAPTURE(k);
  const std::vector<T> a = numbers<T>(2 * m * k, 3), b = numbers<T>(2 * k * n, 5);
  const std::vector<T> bias = numbers<T>(m, 7);
  std::vector<T> c(static_cast<size_t>(2 * m * n), T(-1)), expected(c.size(), T(0));
  std::vector<int> told(c.size(), 0);
  const auto tell = [&](int64_t begin, int64_t count) {
    for (int64_t i = begin; i < begin + count; ++i) ++told[static_cast<size_t>(i)];
  };
  const int64_t a_offset[] = {0, same_a ? 0 : m * k}, b_offset[] = {0, same_a ? k * n : 0};
  const cpu::Matrix<const T> left{a.data(), transpose_a ? 1 : k, transpose_a ? m : 1};
  const cpu::Matrix<const T> right{b.data(), transpose_b ? 1 : n, transpose_b ? k : 1};
  cpu::gemm<T>(m, n, k, left, a_offset, right, b_offset, {c.data(), n, 1}, {bias.data(), 1, 0},
               Finished(tell));
  for (int64_t s = 0; s < 2; ++s) {
    for (int64_t i = 0; i < m; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        expected[static_cast<size_t>((s * m + i) * n + j)] = bias[static_cast<size_t>(i)];
        for (int64_t p = 0; p < k; ++p)
          expected[static_cast<size_t>((s * m + i) * n + j)] +=
              left.data[a_offset[s] + i * left.row + p * left.column] *
              right.data[b_offset[s] + p * right.row + j * right.column];
      }
    }
  }
  CHECK(c == expected);
  CHECK(told == std::vector<int>(c.size(), 1));
  // The transpose, by columns, with one number a column.
  cpu::gemm<T>(n, m, k, {right.data, right.column, right.row}, b_offset,
               {left.data, left.column, left.row}, a_offset, {c.data(), 1, n}, {bias.data(), 0, 1});
  CHECK(c == expected);
}

template <class T>
void check(int64_t m, int64_t n, int64_t k, bool transpose_a, bool transpose_b) {
  check<T>(m, n, k, transpose_a, transpose_b, false);
  check<T>(m, n, k, transpose_a, transpose_b, true);
}

}  // namespace

TEST_SUITE("core/cpu/gemm") {
  TEST_CASE("products equal the plain triple loop") {
    for (const bool transpose_a : {false, true}) {
      for (const bool transpose_b : {false, true}) {
        for (const int64_t m : {1, 5, 6, 13, 200}) {
          for (const int64_t n : {1, 7, 64, 70, 300}) {
            check<float>(m, n, 3, transpose_a, transpose_b);
            check<double>(m, n, 9, transpose_a, transpose_b);
          }
        }
        check<float>(7, 65, 600, transpose_a, transpose_b);
        check<double>(195, 3, 520, transpose_a, transpose_b);
        check<uint32_t>(13, 70, 300, transpose_a, transpose_b);
        check<uint64_t>(8, 35, 257, transpose_a, transpose_b);
        check<float>(4, 5, 0, transpose_a, transpose_b);
        check<float>(0, 5, 4, transpose_a, transpose_b);
      }
    }
  }

  TEST_CASE("integers wrap around") {
    const uint32_t a[] = {1U << 31}, b[] = {3};
    uint32_t c[] = {0};
    const int64_t offset[] = {0};
    cpu::gemm<uint32_t>(1, 1, 1, {a, 1, 1}, offset, {b, 1, 1}, offset, {c, 1, 1});
    CHECK(c[0] == 1U << 31);
  }
}
