#include "ops/index_nd.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/op.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

SAMPLES(gather_nd) {
  list.push_back({"slices",
                  [](const Tensors& x) { return gather_nd(x[0], x[1]); },
                  {uniform({2, 2, 3}), integers({4, 2}, -2, 2)}});
  list.push_back({"batch",
                  [](const Tensors& x) { return gather_nd(x[0], x[1], 1); },
                  {uniform({2, 3, 3}), integers({2, 2, 2, 2}, 0, 3)}});
}
SAMPLES(scatter_nd) {
  for (const Combine combine : {Combine::set, Combine::sum, Combine::prod}) {
    list.push_back({"set, add, multiply",
                    [combine](const Tensors& x) { return scatter_nd(x[0], x[2], x[1], combine); },
                    {uniform({2, 2, 2}), uniform({3, 2}, -1, 1, 1), integers({3, 2}, -2, 2)}});
  }
}
SAMPLES(ravel_multi_index) {
  list.push_back({"three axes",
                  [](const Tensors& x) {
                    return ravel_multi_index(x[0], {2, 3, 2});
                  },
                  {integers({2, 4, 3}, -2, 2)},
                  false});
}

TEST_SUITE("ops/index_nd") {
  const Tensor x = tensor({0, 1, 2, 10, 11, 12}, {2, 3});
  using V = std::vector<int>;

  TEST_CASE("points are read and written") {
    const Tensor points = tensor({1, 2, 0, -1}, {2, 2}, i64);
    CHECK(gather_nd(x, points).to_vector<int>() == V{12, 2});
    CHECK(gather_nd(x, tensor({1}, {1, 1}, i64)).to_vector<int>() == V{10, 11, 12});
    CHECK(gather_nd(x, tensor({2, 0}, {2, 1}, i32), 1).to_vector<int>() == V{2, 10});
    CHECK(scatter_nd(x, points, tensor({7, 8}, {2})).to_vector<int>() == V{0, 1, 8, 10, 11, 7});
    CHECK(scatter_nd(x, points, 5, Combine::sum).to_vector<int>() == V{0, 1, 7, 10, 11, 17});
    CHECK(scatter_nd(x, tensor({0, 0}, {2, 1}, i64), tensor({1, 2, 3, 0, 5, 0}, {2, 3}),
                     Combine::amax)
              .to_vector<int>() == V{1, 5, 3, 10, 11, 12});
    CHECK(ravel_multi_index(points, {2, 3}).to_vector<int>() == V{5, 2});
    CHECK(gather_nd(x, tensor({}, {0, 2}, i64)).shape() == Shape{0});
  }

  TEST_CASE("agrees with torch") {
    const Oracle torch("index_nd");
    torch.check("gather_nd", [](const Tensors& t) { return gather_nd(t[0], t[1]); });
    torch.check("scatter_nd",
                [](const Tensors& t) { return scatter_nd(t[0], t[2], t[1], Combine::sum); });
  }

  TEST_CASE("misuse is named") {
    CHECK_THROWS_WITH_AS(gather_nd(x, tensor({0, 3}, {1, 2}, i64)).eval(),
                         doctest::Contains("gather_nd: indices along axis 1 must lie in [-3, 3), "
                                           "its extent being 3, got 3"),
                         Error);
    CHECK_THROWS_WITH_AS(gather_nd(x, tensor({0, 0, 0}, {1, 3}, i64)),
                         doctest::Contains("gather_nd: index must be [B..., P..., k]"), Error);
    CHECK_THROWS_AS(gather_nd(x, tensor({0}, {}, i64)), Error);
    CHECK_THROWS_AS(gather_nd(x, tensor({0, 0}, {2, 1}, i64), 2), Error);
    CHECK_THROWS_AS(gather_nd(x, tensor({0}, {1, 1}, i64), 1), Error);
    CHECK_THROWS_AS(gather_nd(x, tensor({0}, {1, 1}, i64), -1), Error);
    CHECK_THROWS_AS(gather_nd(x, x), Error);
    CHECK_THROWS_WITH_AS(scatter_nd(x, tensor({0}, {1, 1}, i64), tensor({1}, {1})),
                         doctest::Contains("scatter_nd: updates must be [1, 3] for index [1, 1] "
                                           "and x [2, 3], got [1]"),
                         Error);
    CHECK_THROWS_AS(scatter_nd(x, tensor({}, {1, 0}, i64), 1), Error);
    CHECK_THROWS_AS(scatter_nd(x, tensor({0, 0, 0}, {3}, i64), 1), Error);
    CHECK_THROWS_AS(scatter_nd(x, Tensor(), 1), Error);
    CHECK_THROWS_AS(ravel_multi_index(tensor({0}, {1}, i64), {2, 3}), Error);
  }
}
