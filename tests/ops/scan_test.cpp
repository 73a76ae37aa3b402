#include "ops/scan.h"

#include <cmath>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/op.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

using Values = std::vector<double>;

// Every combination of the options over axes in every position.
template <class Scan>
void add_scans(SampleList& list, Scan scan) {
  for (const bool exclusive : {false, true}) {
    for (const bool reverse : {false, true}) {
      const ScanOptions o{exclusive, reverse};
      list.push_back({"rows",
                      [=](const Tensors& x) { return scan(x[0], -1, o); },
                      {uniform({2, 5}, 0.5, 1.5)}});
      list.push_back({"middle axis",
                      [=](const Tensors& x) { return scan(x[0], 1, o); },
                      {uniform({2, 3, 2}, -1.5, 1.5)}});
    }
  }
  list.push_back(
      {"one element", [=](const Tensors& x) { return scan(x[0], 0, {}); }, {uniform({})}});
  list.push_back({"empty", [=](const Tensors& x) { return scan(x[0], 1, {}); }, {uniform({2, 0})}});
}

}  // namespace

SAMPLES(cumsum) {
  add_scans(list,
            [](const Tensor& x, int axis, const ScanOptions& o) { return cumsum(x, axis, o); });
  list.push_back({"integers",
                  [](const Tensors& x) { return cumsum(x[0], 0); },
                  {integers({6}, -5, 5)},
                  false});
}

SAMPLES(cumprod) {
  add_scans(list,
            [](const Tensor& x, int axis, const ScanOptions& o) { return cumprod(x, axis, o); });
  for (const bool exclusive : {false, true}) {
    list.push_back({"zeros",
                    [=](const Tensors& x) { return cumprod(x[0], 1, {.exclusive = exclusive}); },
                    {tensor({1, 0, 2, 3, 0.5, 2, 0, 0, 3, 2}, {2, 5}, f64)}});
  }
}

SAMPLES(linear_recurrence) {
  for (const bool reverse : {false, true}) {
    for (const int axis : {0, 1}) {
      list.push_back(
          {"gates",
           [=](const Tensors& x) { return linear_recurrence(x[0], x[1], axis, reverse); },
           {uniform({3, 4}), uniform({3, 4}, -1, 1, 1)}});
    }
  }
  list.push_back({"empty",
                  [](const Tensors& x) { return linear_recurrence(x[0], x[1], 1); },
                  {uniform({3, 0}), uniform({3, 0})}});
}

TEST_SUITE("ops/scan") {
  TEST_CASE("sums and products up to each element") {
    const Tensor x = tensor({1, 2, 3, 4}, {2, 2}, i32);
    CHECK(cumsum(x, 0).dtype() == i64);
    CHECK(cumsum(x, 0).to_vector<double>() == Values{1, 2, 4, 6});
    CHECK(cumsum(x, -1).to_vector<double>() == Values{1, 3, 3, 7});
    const Tensor y = tensor({1, 2, 3, 4}, {4});
    CHECK(cumsum(y, 0, {.exclusive = true}).to_vector<double>() == Values{0, 1, 3, 6});
    CHECK(cumsum(y, 0, {.reverse = true}).to_vector<double>() == Values{10, 9, 7, 4});
    CHECK(cumprod(y, 0).to_vector<double>() == Values{1, 2, 6, 24});
    CHECK(cumprod(y, 0, {.exclusive = true, .reverse = true}).to_vector<double>() ==
          Values{24, 12, 4, 1});
  }

  TEST_CASE("a recurrence") {
    const Tensor a = tensor({7, 2, 3}, {3}), b = tensor({1, 10, 100}, {3});
    CHECK(linear_recurrence(a, b, 0).to_vector<double>() == Values{1, 12, 136});
    CHECK(linear_recurrence(a, b, 0, true).to_vector<double>() == Values{1471, 210, 100});
  }

  TEST_CASE("f32 is accumulated in double") {
    const int64_t n = 1 << 20;
    const Tensor x = tensor<float>(std::vector<float>(static_cast<size_t>(n), 0.1F), {n});
    const double last = cumsum(x, 0).to_vector<double>().back();
    CHECK(std::abs(last / (static_cast<double>(n) * static_cast<double>(0.1F)) - 1) < 1e-7);
  }

  TEST_CASE("integers wrap around") {
    const int64_t big = std::numeric_limits<int64_t>::max();
    const Tensor x = tensor<int64_t>(std::vector<int64_t>{big, 1}, {2});
    CHECK(cumsum(x, 0).to_vector<int64_t>()[1] == std::numeric_limits<int64_t>::min());
  }

  TEST_CASE("misuse") {
    CHECK_THROWS_AS(cumsum(uniform({2, 3}), 2), Error);
    CHECK_THROWS_AS(cumsum(uniform({}), 1), Error);
    CHECK_THROWS_AS(cumprod(Tensor(), 0), Error);
    CHECK_THROWS_AS(linear_recurrence(uniform({2}), uniform({3}), 0), Error);
    CHECK_THROWS_AS(linear_recurrence(integers({2}, 0, 3), integers({2}, 0, 3), 0), Error);
  }

  TEST_CASE("the same as torch") {
    const Oracle oracle("scan");
    for (const int axis : {0, 1, 2}) {
      oracle.check("cumsum " + std::to_string(axis),
                   [&](const Tensors& x) { return cumsum(x[0], axis); });
      oracle.check("cumprod " + std::to_string(axis),
                   [&](const Tensors& x) { return cumprod(x[0], axis); });
    }
    oracle.check("cumprod zeros", [](const Tensors& x) { return cumprod(x[0], 1); });
  }
}
