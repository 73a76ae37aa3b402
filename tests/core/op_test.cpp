#include "core/op.h"

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/settings.h"
#include "ops/binary.h"
#include "ops/unary.h"

using namespace tessera;

TEST_SUITE("core/op") {
  TEST_CASE("numbers are tensors without memory") {
    const int64_t live = memory_stats().live;
    CHECK(scalar(2.5, f32).item() == 2.5);
    CHECK(scalar(int64_t{1} << 60, i64).to_vector<int64_t>()[0] == int64_t{1} << 60);
    CHECK(memory_stats().live == live);
    CHECK(is_scalar_node(*scalar(1.0, f64).node()));
  }

  TEST_CASE("iota counts in row-major order") {
    CHECK(iota({2, 2}).to_vector<int64_t>() == std::vector<int64_t>{0, 1, 2, 3});
  }

  TEST_CASE("cast rounds, truncates and saturates") {
    const Tensor x = tensor({-1.7, 0.0, 300.5, 1e30}, {4}, f64);
    CHECK(cast(x, i32).to_vector<int64_t>() == std::vector<int64_t>{-1, 0, 300, 2147483647});
    CHECK(cast(x, bool_).to_vector<bool>() == std::vector<bool>{true, false, true, true});
    CHECK(cast(tensor({1.00390625}, {1}, f64), bf16).to_vector<double>()[0] ==
          1);  // a tie goes to even
    CHECK(cast(x, f64).node() == x.node());
  }

  TEST_CASE("gradients flow through casts and reshapes") {
    const Tensor x = variable(tensor({1, 2}, {2}));
    const Tensor y = cast(reshaped(x, {2, 1}), f64);
    const Tensor dx = grad(y * y, x);
    CHECK(dx.dtype() == f32);
    CHECK(dx.shape() == Shape{2});
    CHECK(dx.to_vector<double>() == std::vector<double>{2, 4});
  }

  TEST_CASE("shapes that no memory can hold are refused") {
    CHECK_THROWS_WITH_AS(iota({int64_t{1} << 40, int64_t{1} << 40}),
                         doctest::Contains("larger than any memory"), Error);
    CHECK_THROWS_WITH_AS(iota({2, -1}), doctest::Contains("must not be negative"), Error);
  }

  TEST_CASE("an operation without a gradient says so") {
    class Opaque final : public AccessOp {
     public:
      std::string_view name() const override { return "opaque"; }
      Access access(const Node& node) const override { return Access::identity(node.shape); }
    };
    const Tensor x = variable(tensor({1.5}, {1}));
    const Tensor y = make_node(std::make_shared<Opaque>(), {x}, x.shape(), x.dtype());
    CHECK(y.item() == 1.5);
    CHECK_THROWS_WITH_AS(grad(y, x), doctest::Contains("opaque has no gradient"), Error);
  }

  TEST_CASE("constants stay constants") {
    const Tensor x = tensor({1, 2}, {2});
    CHECK(!(x * 2).node()->constant);
    CHECK((detached(x) * 2).node()->constant);
    CHECK(cast(x, i64).node()->constant);
    const NoGrad no_grad;
    CHECK((x * 2).node()->constant);
  }

  TEST_CASE("nodes remember the user's line") {
    const Tensor x = tensor({1, 2}, {2});
    const Tensor y = exp(x);
    const auto line = std::source_location::current().line() - 1;
    CHECK(y.node()->site.line == line);
    CHECK(std::string_view(y.node()->site.file).ends_with("op_test.cpp"));
    const Tensor z = x + y;
    CHECK(z.node()->site.line == line + 4);
  }
}
