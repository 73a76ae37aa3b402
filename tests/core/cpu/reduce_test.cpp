#include <cmath>
#include <cstring>
#include <limits>

#include <doctest/doctest.h>

#include "core/cpu/tile.h"

using namespace tessera;
using namespace tessera::cpu;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

template <class T>
const std::byte* bytes(const std::vector<T>& values) {
  return reinterpret_cast<const std::byte*>(values.data());
}

template <class T>
T row(Reduction kind, const std::vector<T>& values) {
  T result{};
  reduce_rows(kind, dtype_of<T>, bytes(values), 1, static_cast<int64_t>(values.size()),
              reinterpret_cast<std::byte*>(&result));
  return result;
}

template <class T>
int64_t place(Reduction kind, const std::vector<T>& values) {
  int64_t result = -1;
  reduce_rows(kind, dtype_of<T>, bytes(values), 1, static_cast<int64_t>(values.size()),
              reinterpret_cast<std::byte*>(&result));
  return result;
}

// The same reduction in pieces, and as columns of one element a row joined from two halves.
template <class T, class Result>
Result in_pieces(Reduction kind, const std::vector<T>& values, int64_t piece) {
  const auto n = static_cast<int64_t>(values.size());
  RunReduction run(kind, dtype_of<T>);
  for (int64_t i = 0; i < n; i += piece)
    run.add(bytes(values) + i * static_cast<int64_t>(sizeof(T)), std::min(piece, n - i), i);
  PartialsBuffer partial(1, 1);
  run.finish(partial[0]);
  Result result{};
  reduce_finish(kind, dtype_of<T>, partial[0], reinterpret_cast<std::byte*>(&result));
  return result;
}

template <class T, class Result>
Result as_column(Reduction kind, const std::vector<T>& values) {
  const auto n = static_cast<int64_t>(values.size());
  PartialsBuffer partials(2, 1);
  for (const int64_t half : {0, 1}) {
    const int64_t begin = half * (n / 2), end = half == 0 ? n / 2 : n;
    reduce_start(kind, dtype_of<T>, partials[half]);
    reduce_columns(kind, dtype_of<T>, partials[half],
                   bytes(values) + begin * static_cast<int64_t>(sizeof(T)), end - begin, begin);
  }
  reduce_join(kind, dtype_of<T>, partials[0], partials[1]);
  Result result{};
  reduce_finish(kind, dtype_of<T>, partials[0], reinterpret_cast<std::byte*>(&result));
  return result;
}

template <class T>
std::vector<T> sequence(int n) {
  std::vector<T> values(static_cast<size_t>(n));
  for (int i = 0; i < n; ++i) values[static_cast<size_t>(i)] = static_cast<T>(i * 37 % 101 - 50);
  return values;
}

}  // namespace

TEST_SUITE("core/cpu/reduce") {
  TEST_CASE("every kind over a few integers") {
    const std::vector<int32_t> x{3, -4, 0, 5, 5, -4};
    CHECK(row(Reduction::sum, x) == 5);
    CHECK(row(Reduction::prod, x) == 0);
    CHECK(row(Reduction::max, x) == 5);
    CHECK(row(Reduction::min, x) == -4);
    CHECK(place(Reduction::argmax, x) == 3);
    CHECK(place(Reduction::argmin, x) == 1);
    CHECK(row(Reduction::any, std::vector<uint8_t>{0, 0, 1}) == 1);
    CHECK(row(Reduction::all, std::vector<uint8_t>{1, 0, 1}) == 0);
  }

  TEST_CASE("rows, pieces and columns agree for every length") {
    for (const int n : {1, 2, 15, 16, 17, 31, 32, 33, 100, 700}) {
      CAPTURE(n);
      const auto x = sequence<double>(n);
      const auto i = sequence<int64_t>(n);
      for (const Reduction kind : {Reduction::sum, Reduction::max, Reduction::min}) {
        CHECK(in_pieces<double, double>(kind, x, 48) == row(kind, x));
        CHECK(as_column<double, double>(kind, x) == row(kind, x));
        CHECK(in_pieces<int64_t, int64_t>(kind, i, 16) == row(kind, i));
        CHECK(as_column<int64_t, int64_t>(kind, i) == row(kind, i));
      }
      for (const Reduction kind : {Reduction::argmax, Reduction::argmin}) {
        CHECK(in_pieces<double, int64_t>(kind, x, 48) == place(kind, x));
        CHECK(as_column<double, int64_t>(kind, x) == place(kind, x));
        CHECK(as_column<int64_t, int64_t>(kind, i) == place(kind, i));
      }
    }
  }

  TEST_CASE("pieces are the same bits as the whole") {
    std::vector<float> x(1003);
    for (size_t i = 0; i < x.size(); ++i) x[i] = 0.1F * static_cast<float>(i % 17) - 1e3F;
    CHECK(in_pieces<float, float>(Reduction::sum, x, 512) == row(Reduction::sum, x));
    CHECK(in_pieces<float, float>(Reduction::prod, x, 16) == row(Reduction::prod, x));
  }

  TEST_CASE("NaN wins, and the first one is its place") {
    for (const int at : {0, 3, 15, 16, 19}) {
      std::vector<double> x(20, 1);
      x[static_cast<size_t>(at)] = kNaN;
      x[19] = kNaN;
      x[7] = -kInfinity;
      x[8] = kInfinity;
      for (const Reduction kind : {Reduction::max, Reduction::min, Reduction::sum})
        CHECK(std::isnan(row(kind, x)));
      for (const Reduction kind : {Reduction::argmax, Reduction::argmin}) {
        CHECK(place(kind, x) == at);
        CHECK(as_column<double, int64_t>(kind, x) == at);
        CHECK(in_pieces<double, int64_t>(kind, x, 16) == at);
      }
    }
  }

  TEST_CASE("infinities and extremes of the type") {
    CHECK(row(Reduction::max, std::vector<float>{-INFINITY, -INFINITY}) == -INFINITY);
    CHECK(place(Reduction::argmax, std::vector<float>{-INFINITY, -INFINITY}) == 0);
    const int64_t low = std::numeric_limits<int64_t>::min();
    const int64_t high = std::numeric_limits<int64_t>::max();
    CHECK(row(Reduction::max, std::vector<int64_t>{low, low}) == low);
    CHECK(place(Reduction::argmin, std::vector<int64_t>{high, high - 1}) == 1);
  }

  TEST_CASE("integers wrap around") {
    const int64_t high = std::numeric_limits<int64_t>::max();
    CHECK(row(Reduction::sum, std::vector<int64_t>{high, 1}) ==
          std::numeric_limits<int64_t>::min());
    CHECK(row(Reduction::prod, std::vector<int64_t>{high, 2}) == -2);
  }

  TEST_CASE("over nothing") {
    const auto nothing = [](Reduction kind) {
      PartialsBuffer partial(1, 1);
      reduce_start(kind, f64, partial[0]);
      double result = 0;
      reduce_finish(kind, f64, partial[0], reinterpret_cast<std::byte*>(&result));
      return result;
    };
    CHECK(nothing(Reduction::sum) == 0);
    CHECK(nothing(Reduction::prod) == 1);
    CHECK(nothing(Reduction::max) == -kInfinity);
    CHECK(nothing(Reduction::min) == kInfinity);
    CHECK(nothing(Reduction::any) == 0);
    CHECK(nothing(Reduction::all) == 1);
  }

  TEST_CASE("f32 is summed and multiplied in double") {
    CHECK(row(Reduction::sum, std::vector<float>{1e8F, 1, 1, 1, -1e8F}) == 3);
    CHECK(row(Reduction::prod, std::vector<float>{1e30F, 1e30F, 1e-30F, 1e-30F}) ==
          doctest::Approx(1));
  }
}
