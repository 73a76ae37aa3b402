#include "core/cuda/print.h"

#include <doctest/doctest.h>

#include "core/evaluator.h"
#include "core/settings.h"
#include "ops/axes.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/unary.h"

using namespace tessera;

namespace {

// The only program that computes y.
cuda::Printed printed(const Tensor& y) {
  std::vector<Group> groups = fuse(pending_graph({{y}}), Fusion());
  std::erase_if(groups, [](const Group& group) { return group.kind == Group::Kind::alias; });
  REQUIRE(groups.size() == 1);
  return cuda::print(groups[0].program);
}

Tensor values(const Shape& shape, DType dtype = f32) {
  return zeros(shape, dtype).eval();
}

// As a program; the operator is a kernel.
Tensor softmax_of_rows(const Tensor& x) {
  const Tensor e = exp(x - amax(x, {-1}, true));
  return e / sum(e, {-1}, true);
}

bool contains(const cuda::Printed& p, const char* text) {
  return p.text.find(text) != std::string::npos;
}

}  // namespace

TEST_SUITE("core/cuda/print") {
  TEST_CASE("one text serves every size") {
    const auto text = [](int64_t n, int64_t m) {
      return printed(exp(values({n, m}) * values({m}) + transpose(values({m, n}), 0, 1))).text;
    };
    CHECK(text(8, 12) == text(64, 400));
    CHECK(text(7, 3) == text(5, 9));
    const auto softmax_text = [](int64_t n, int64_t m) {
      return printed(softmax_of_rows(values({n, m}))).text;
    };
    CHECK(softmax_text(3, 100) == softmax_text(70, 1000));
    const auto sum_text = [](const Shape& shape) { return printed(sum(values(shape), {0})).text; };
    CHECK(sum_text({3, 8}) == sum_text({5000, 200}));
  }

  TEST_CASE("neighbours are read and written as one where extents and strides allow it") {
    CHECK(contains(printed(values({8}) + 1), "Pack<float, 4>"));
    CHECK(contains(printed(values({8}, bf16) + 1), "Pack<BFloat16, 8>"));
    CHECK(contains(printed(values({9}) + 1), "Pack<float, 1>"));
    CHECK(contains(printed(values({5, 8}) + values({8})), "const auto v1 = "));
    const Tensor shifted = slice(values({5, 9}), 1, {.start = 1});
    CHECK(!contains(printed(shifted + 1), "const auto v"));
  }

  TEST_CASE("blocks cover the space") {
    CHECK(printed(values({1}) + 1).blocks == 1);
    CHECK(printed(values({1024}) + 1).blocks == 1);
    CHECK(printed(values({1028}) + 1).blocks == 2);
    CHECK(printed(values({257}) + 1).blocks == 2);
    CHECK(printed(softmax_of_rows(values({9, 1000}))).blocks == 2);  // 32 threads a row
    CHECK(printed(softmax_of_rows(values({257, 3}))).blocks == 2);   // one
    const cuda::Printed columns = printed(sum(values({100000, 33}), {0}));
    CHECK(columns.blocks == 2);
    CHECK(columns.parts == 512);
    CHECK(printed(sum(values({16, 33}), {0})).parts == 1);
    CHECK(printed(values({0, 3}) + 1).blocks == 0);
  }

  TEST_CASE("indices are 64 bits wide only where 32 do not suffice") {
    const Tensor one = values({1});
    CHECK(contains(printed(one + 1), "using I = int32_t;"));
    CHECK(contains(printed(expand(one, {int64_t{1} << 32}) + values({1})), "using I = int64_t;"));
  }

  TEST_CASE("the softmax of rows is three passes over each") {
    const std::string text = printed(softmax_of_rows(values({4, 50}))).text;
    size_t passes = 0;
    for (size_t i = 0; (i = text.find("for (I k = ", i)) != std::string::npos; ++i) ++passes;
    CHECK(passes == 3);
    CHECK(text.find("Partial<reduction::Max, float>") <
          text.find("Partial<reduction::Sum, float>"));
  }
}
