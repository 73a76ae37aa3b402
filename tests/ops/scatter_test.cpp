#include "ops/scatter.h"

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "core/error.h"
#include "core/op.h"
#include "ops/index.h"
#include "ops/shape.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

constexpr std::pair<const char*, Combine> combinations[] = {
    {"set", Combine::set},   {"sum", Combine::sum},   {"prod", Combine::prod},
    {"mean", Combine::mean}, {"amin", Combine::amin}, {"amax", Combine::amax}};

// Two tensors without an element in common, for extremes.
Tensors distinct_pair(const Shape& a, const Shape& b) {
  const Tensor all = distinct({a.numel() + b.numel()});
  const Tensor first = index_select(all, 0, iota({a.numel()}));
  return {reshape(first, a), reshape(slice(all, 0, {.start = a.numel()}), b)};
}

}  // namespace

SAMPLES(scatter) {
  for (const int64_t axis : {0, 1, 2}) {
    list.push_back(
        {"every axis, some written twice",
         [axis](const Tensors& x) { return scatter(x[0], axis, x[2], x[1]); },
         {uniform({2, 3, 2}), uniform({2, 3, 2}, -1, 1, 1), integers({2, 3, 2}, -2, 2)}});
  }
  list.push_back({"part of x and of src",
                  [](const Tensors& x) { return scatter(x[0], 1, x[2], x[1]); },
                  {uniform({3, 4}), uniform({3, 6}, -1, 1, 1), integers({2, 5}, 0, 4)}});
  list.push_back({"a number",
                  [](const Tensors& x) { return scatter(x[0], 0, x[1], 0.5); },
                  {uniform({3, 2}), integers({2, 2}, 0, 3)}});
}
SAMPLES(scatter_add) {
  for (const int64_t axis : {0, -1}) {
    list.push_back({"elements that meet",
                    [axis](const Tensors& x) { return scatter_add(x[0], axis, x[2], x[1]); },
                    {uniform({2, 3}), uniform({2, 3}, -1, 1, 1), integers({2, 3}, -2, 2)}});
  }
  list.push_back({"part of x and of src",
                  [](const Tensors& x) { return scatter_add(x[0], 0, x[2], x[1]); },
                  {uniform({3, 4}), uniform({6, 3}, -1, 1, 1), integers({5, 2}, 0, 3)}});
  list.push_back({"nothing",
                  [](const Tensors& x) { return scatter_add(x[0], 0, x[2], x[1]); },
                  {uniform({3, 2}), uniform({0, 2}), integers({0, 2}, 0, 3)}});
}
SAMPLES(scatter_reduce) {
  for (const auto& [name, combine] : combinations) {
    for (const bool self : {true, false}) {
      Tensors inputs = distinct_pair({3, 4}, {5, 4});
      inputs.push_back(integers({5, 4}, 0, 3));
      list.push_back({name,
                      [combine = combine, self](const Tensors& x) {
                        return scatter_reduce(x[0], 0, x[2], x[1], combine, {.include_self = self});
                      },
                      inputs});
    }
  }
  list.push_back(
      {"product with zeros",
       [](const Tensors& x) { return scatter_reduce(x[0], 0, x[2], x[1], Combine::prod); },
       {tensor({2, 0, 3, 0}, {4}, f64), tensor({0, 5, 7, 0, 0}, {5}, f64),
        tensor({0, 1, 2, 3, 3}, {5}, i64)}});
  list.back().second = false;
}
SAMPLES(index_copy) {
  list.push_back({"some slices twice",
                  [](const Tensors& x) { return index_copy(x[0], 1, x[2], x[1]); },
                  {uniform({2, 3, 2}), uniform({2, 4, 2}, -1, 1, 1), integers({4}, -3, 3)}});
}
SAMPLES(index_add) {
  for (const int64_t axis : {0, 1}) {
    list.push_back({"slices that meet",
                    [axis](const Tensors& x) { return index_add(x[0], axis, x[2], x[1]); },
                    {uniform({3, 3}), axis == 0 ? uniform({5, 3}, -1, 1, 1) : uniform({3, 5}),
                     integers({5}, -3, 3)}});
  }
}
SAMPLES(index_reduce) {
  for (const auto& [name, combine] : combinations) {
    for (const bool self : {true, false}) {
      Tensors inputs = distinct_pair({2, 3, 2}, {2, 4, 2});
      inputs.push_back(integers({4}, 0, 3));
      list.push_back({name,
                      [combine = combine, self](const Tensors& x) {
                        return index_reduce(x[0], 1, x[2], x[1], combine, {.include_self = self});
                      },
                      inputs});
    }
  }
}

TEST_SUITE("ops/scatter") {
  const Tensor x = tensor({1, 2, 3, 4, 5, 6}, {2, 3});
  const Tensor index = tensor({0, 0, -1}, {1, 3}, i32);
  const Tensor src = tensor({10, 20, 30}, {1, 3});

  TEST_CASE("scatter writes one element for each index, the last one stays") {
    CHECK(scatter(x, 1, index, src).to_vector<int>() == std::vector<int>{20, 2, 30, 4, 5, 6});
    CHECK(scatter(x, 0, index, src).to_vector<int>() == std::vector<int>{10, 20, 3, 4, 5, 30});
    CHECK(scatter(x, 0, index, 7).to_vector<int>() == std::vector<int>{7, 7, 3, 4, 5, 7});
  }

  TEST_CASE("scatter_add and scatter_reduce combine in the order of the index") {
    CHECK(scatter_add(x, 1, index, src).to_vector<int>() == std::vector<int>{31, 2, 33, 4, 5, 6});
    const auto reduce = [&](Combine combine, bool self) {
      return scatter_reduce(slice(x, 0, {.stop = 1}), 1, index, src, combine,
                            {.include_self = self})
          .to_vector<double>();
    };
    CHECK(reduce(Combine::prod, true) == std::vector<double>{200, 2, 90});
    CHECK(reduce(Combine::prod, false) == std::vector<double>{200, 2, 30});
    CHECK(reduce(Combine::mean, false) == std::vector<double>{15, 2, 30});
    CHECK(reduce(Combine::amin, true) == std::vector<double>{1, 2, 3});
    CHECK(reduce(Combine::amin, false) == std::vector<double>{10, 2, 30});
    CHECK(reduce(Combine::amax, true) == std::vector<double>{20, 2, 30});
  }

  TEST_CASE("index_add and its kind combine whole slices") {
    const Tensor rows = tensor({1, 1}, {2}, i64), ones = tensor({1, 1, 1, 2, 2, 2}, {2, 3});
    CHECK(index_add(x, 0, rows, ones).to_vector<int>() == std::vector<int>{1, 2, 3, 7, 8, 9});
    CHECK(index_copy(x, 0, rows, ones).to_vector<int>() == std::vector<int>{1, 2, 3, 2, 2, 2});
    CHECK(index_reduce(x, 0, rows, ones, Combine::amin, {.include_self = false}).to_vector<int>() ==
          std::vector<int>{1, 2, 3, 1, 1, 1});
  }

  TEST_CASE("integers and bool are combined in themselves") {
    const Tensor i = tensor({2147483647, 5}, {2}, i32), at = tensor({0, 1}, {2}, i64);
    CHECK(scatter_add(i, 0, at, tensor({1, 1}, {2}, i32)).to_vector<int>() ==
          std::vector<int>{-2147483647 - 1, 6});
    const Tensor b = tensor({1, 0}, {2}, bool_);
    CHECK(scatter_add(b, 0, at, b).to_vector<int>() == std::vector<int>{1, 0});
    CHECK(scatter_reduce(tensor({9, 9}, {2}, u8), 0, at, tensor({3, 4}, {2}, u8), Combine::amin,
                         {.include_self = false})
              .to_vector<int>() == std::vector<int>{3, 4});
  }

  TEST_CASE("a large sum does not depend on the number of threads") {
    const Tensor many = integers({100000}, 0, 7), values = uniform({100000, 3});
    const Tensor sums = index_add(expand(scalar(0.0, f64), {7, 3}), 0, many, values).eval();
    std::vector<double> expected(21, 0);
    for (size_t i = 0; i < 300000; ++i) {
      expected[static_cast<size_t>(many.data<int64_t>()[i / 3]) * 3 + i % 3] +=
          values.data<double>()[i];
    }
    CHECK(sums.to_vector<double>() == expected);
  }

  TEST_CASE("agrees with torch") {
    const Oracle torch("scatter");
    for (const auto& [name, combine] : combinations) {
      for (const bool self : {true, false}) {
        const std::string suffix = fmt::format(" {}{}", name, self ? "" : " without self");
        const ScatterOptions options{.include_self = self};
        torch.check("elements" + suffix, [combine = combine, options](const Tensors& t) {
          return scatter_reduce(t[0], 0, t[2], t[1], combine, options);
        });
        torch.check("slices" + suffix, [combine = combine, options](const Tensors& t) {
          return index_reduce(t[0], 1, t[2], t[1], combine, options);
        });
      }
    }
    torch.check("ties", [](const Tensors& t) {
      return scatter_reduce(t[0], 0, t[2], t[1], Combine::amax);
    });
    torch.check("product with zeros", [](const Tensors& t) {
      return scatter_reduce(t[0], 0, t[2], t[1], Combine::prod);
    });
  }

  TEST_CASE("an index out of range is found when the value is computed") {
    CHECK_THROWS_WITH_AS(scatter(x, 0, tensor({2}, {1, 1}, i64), 1).eval(),
                         doctest::Contains("scatter: indices along axis 0 must lie in [-2, 2), its "
                                           "extent being 2, got 2"),
                         Error);
    CHECK_THROWS_AS(index_add(x, 1, tensor({-4}, {1}, i64), 1).eval(), Error);
  }

  TEST_CASE("misuse is named") {
    CHECK_THROWS_WITH_AS(scatter_add(x, 0, index, slice(src, 1, {.stop = 2})),
                         doctest::Contains("scatter_add: index [1, 3] must have the rank of x "
                                           "[2, 3] and of src [1, 2], and no greater extent"),
                         Error);
    CHECK_THROWS_AS(scatter(x, 0, index, cast(src, f64)), Error);
    CHECK_THROWS_AS(scatter(x, 0, src, src), Error);
    CHECK_THROWS_AS(scatter(x, 2, index, src), Error);
    CHECK_THROWS_AS(scatter(x, 0, Tensor(), src), Error);
    CHECK_THROWS_AS(scatter(x, 0, index, Tensor()), Error);
    CHECK_THROWS_AS(scatter(Tensor(), 0, index, src), Error);
    CHECK_THROWS_AS(scatter_reduce(cast(x, i64), 0, index, cast(src, i64), Combine::mean), Error);
    CHECK_THROWS_WITH_AS(index_add(x, 0, tensor({0, 1}, {2}, i64), src),
                         doctest::Contains("index_add: src must be [2, 3] for x [2, 3] and 2 "
                                           "indices along axis 0, got [1, 3]"),
                         Error);
    CHECK_THROWS_AS(index_add(x, 0, index, src), Error);
  }
}
