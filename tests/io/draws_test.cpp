#include "io/draws.h"

#include <algorithm>
#include <numeric>
#include <set>

#include <doctest/doctest.h>

using namespace tessera;
using namespace tessera::io;

TEST_SUITE("io/draws") {
  TEST_CASE("the key and the number of draws decide") {
    Draws a(1, 2, 3), b(1, 2, 3);
    for (int i = 0; i < 10; ++i) CHECK(a.bits() == b.bits());
    CHECK(Draws(1, 2, 3).bits() == Philox(1, 0, uint64_t{2} << 32 | 3).word[0]);
    std::set<uint32_t> first;
    for (const Draws& key : {Draws(1, 2, 3), Draws(2, 2, 3), Draws(1, 3, 3), Draws(1, 2, 4)})
      first.insert(Draws(key).bits());
    CHECK(first.size() == 4);
  }

  TEST_CASE("numbers are spread as they should be") {
    Draws draws(5, 0);
    constexpr int n = 20000;
    double sum = 0, sum_of_squares = 0, normal = 0, normal_squares = 0;
    std::vector<int> counts(7);
    int chances = 0;
    for (int i = 0; i < n; ++i) {
      const double u = draws.uniform(-1, 3), z = draws.normal();
      CHECK(u >= -1);
      CHECK(u < 3);
      sum += u / n;
      sum_of_squares += u * u / n;
      normal += z / n;
      normal_squares += z * z / n;
      ++counts[static_cast<size_t>(draws.below(7))];
      chances += draws.chance(0.25) ? 1 : 0;
    }
    CHECK(sum == doctest::Approx(1).epsilon(0.03));
    CHECK(sum_of_squares == doctest::Approx(1 + 16.0 / 12).epsilon(0.03));
    CHECK(std::abs(normal) < 0.03);
    CHECK(normal_squares == doctest::Approx(1).epsilon(0.05));
    for (const int count : counts) CHECK(std::abs(count - n / 7) < 250);
    CHECK(std::abs(chances - n / 4) < 250);
    CHECK(!Draws(0, 0).chance(0));
    CHECK(Draws(0, 0).chance(1));
  }

  TEST_CASE("a shuffle keeps the elements and reaches every order") {
    std::set<std::vector<int>> orders;
    for (uint32_t stream = 0; stream < 200; ++stream) {
      std::vector<int> order = {0, 1, 2, 3};
      Draws(1, stream).shuffle_(order);
      orders.insert(order);
    }
    CHECK(orders.size() == 24);
    std::vector<int> none;
    Draws(1, 0).shuffle_(none);
    CHECK(none.empty());
  }
}
