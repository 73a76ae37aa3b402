#include "ops/chain.h"

#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include "core/settings.h"
#include "ops/activation.h"
#include "ops/binary.h"
#include "ops/unary.h"

using namespace tessera;

namespace {

// Numbers of every kind that a function may treat in its own way.
template <class T>
std::vector<T> numbers(int64_t n, int64_t start) {
  using Limits = std::numeric_limits<T>;
  const T kinds[] = {T(0),
                     T(-0.0),
                     T(1.5),
                     T(-2.25),
                     Limits::infinity(),
                     -Limits::infinity(),
                     Limits::quiet_NaN(),
                     Limits::min(),
                     Limits::denorm_min(),
                     Limits::max(),
                     T(3),
                     T(-1)};
  std::vector<T> values;
  for (int64_t i = 0; i < n; ++i)
    values.push_back(kinds[static_cast<size_t>(start + i * 7 + i / 12) % std::size(kinds)]);
  return values;
}

Tensor all_links(const Tensor& x, const Tensor& y, const Tensor& same) {
  const Tensor a = y - square((x + same) * y) / same, b = reciprocal(minimum(neg(x) - same, y));
  return relu(maximum(sqrt(abs(a)), b) * 0.5) + x;
}

template <class T>
void check_all_links(int64_t n) {
  const Tensor x = tensor<T>(numbers<T>(n, 0), {n}), y = tensor<T>(numbers<T>(n, 5), {n});
  for (const T number : numbers<T>(12, 0)) {
    const Tensor same = tensor<T>(std::vector<T>{number}, {1});
    const Tensor fused = all_links(x, y, same);
    Tensor expected;
    {
      const Eager eager;
      expected = all_links(x, y, same);
    }
    const auto a = fused.data<T>(), b = expected.data<T>();
    int64_t different = 0;
    for (size_t i = 0; i < a.size(); ++i) {
      const bool both_nan = a[i] != a[i] && b[i] != b[i];
      different += !both_nan && (a[i] != b[i] || std::signbit(a[i]) != std::signbit(b[i]));
    }
    CHECK_MESSAGE(different == 0, n, " elements, and ", number);
  }
}

}  // namespace

TEST_SUITE("ops/chain") {
  TEST_CASE("every link gives the bits of its function alone, at any length") {
    for (const int64_t n : {1, 2, 15, 16, 63, 64, 65, 127, 200, 1030}) {
      check_all_links<float>(n);
      check_all_links<double>(n);
    }
  }

  TEST_CASE("a chain computes link by link, swapped or not, and writes nothing behind its end") {
    using Place = ChainLink::Place;
    for (const DType type : {f32, f64}) {
      const ChainStep add = chain_step(Link::add, type), sub = chain_step(Link::sub, type),
                      mul = chain_step(Link::mul, type);
      REQUIRE((sub.run == mul.run));
      dispatch(type, [&]<class T>(T) {
        if constexpr (std::is_floating_point_v<T>) {
          constexpr int64_t n = 570;  // several blocks and a part of one
          std::vector<T> x(n), out(n + 1, T(-1)), block(kChainBlockBytes / sizeof(T));
          for (int64_t i = 0; i < n; ++i) x[static_cast<size_t>(i)] = static_cast<T>(i);
          T two = 2, ten = 10;
          const ChainLink links[] = {{ChainLink::kLoad, Place::elements, x.data()},
                                     {mul.code, Place::number, &two},
                                     {ChainLink::kStore, Place::block, block.data()},
                                     {sub.code + 1, Place::number, &ten},          // 10 - 2x
                                     {add.code, Place::elements, x.data(), &ten},  // 10 + 8x
                                     {sub.code, Place::block, block.data()},       // 10 + 6x
                                     {add.code, Place::number, &two, &ten},        // 30 + 6x
                                     {ChainLink::kStore, Place::elements, out.data()}};
          sub.run(links, static_cast<int>(std::size(links)), n);
          for (const size_t i : {0, 1, 127, 128, 511, 569}) CHECK(out[i] == T(30) + T(6) * x[i]);
          CHECK(out[n] == -1);
        }
      });
    }
  }

  TEST_CASE("integers and truth values have no chains") {
    for (const DType type : {i32, i64, u8, bool_}) CHECK(!chain_step(Link::add, type).run);
  }
}
