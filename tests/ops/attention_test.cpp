#include "ops/attention.h"

#include <cmath>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/op.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

static void add_attention(SampleList& list, const char* what, const Shape& q, const Shape& k,
                          const Shape& v, const AttentionOptions& options = {}) {
  list.push_back(
      {what,
       [=](const Tensors& x) { return scaled_dot_product_attention(x[0], x[1], x[2], options); },
       {uniform(q), uniform(k, -1, 1, 1), uniform(v, -1, 1, 2)}});
}

SAMPLES(scaled_dot_product_attention) {
  const Tensor mask = tensor({1, 0, 1, 0, 0, 0}, {2, 3}, bool_);
  add_attention(list, "plain", {2, 2, 3}, {2, 3, 3}, {2, 3, 2});
  add_attention(list, "causal", {2, 3}, {3, 3}, {3, 2}, {.is_causal = true, .scale = 0.5});
  add_attention(list, "mask with an empty row", {2, 3}, {3, 3}, {3, 1}, {.attn_mask = mask});
  add_attention(list, "shared heads", {4, 2, 1}, {2, 3, 1}, {2, 3, 1},
                {.attn_mask = mask, .enable_gqa = true});
  add_attention(list, "no keys", {2, 3}, {0, 3}, {0, 2});
  list.push_back({"added mask",
                  [](const Tensors& x) {
                    return scaled_dot_product_attention(x[0], x[1], x[2], {.attn_mask = x[3]});
                  },
                  {uniform({2, 2}), uniform({2, 2}, -1, 1, 1), uniform({2, 1}, -1, 1, 2),
                   uniform({2, 2}, -1, 1, 3)}});
}
SAMPLES(causal_mask) {
  list.push_back({"",
                  [](const Tensors& x) { return causal_mask(x[0].shape(0), x[0].shape(1), -1); },
                  {uniform({3, 4})},
                  false});
}
SAMPLES(masked_softmax) {
  const Tensor mask = tensor({1, 0, 1, 0, 0, 0}, {2, 3}, bool_);
  list.push_back(
      {"bool", [=](const Tensors& x) { return masked_softmax(x[0], mask); }, {uniform({2, 2, 3})}});
  list.push_back({"added",
                  [=](const Tensors& x) { return masked_softmax(x[0], x[1]); },
                  {uniform({2, 3}), uniform({3}, -1, 1, 1)}});
}

TEST_SUITE("ops/attention") {
  TEST_CASE("values worked out by hand") {
    const Tensor q = tensor({0, std::log(3.0)}, {2, 1}, f64), k = tensor({0, 1}, {2, 1}, f64);
    const Tensor v = tensor({4, 8}, {2, 1}, f64);
    check_close(scaled_dot_product_attention(q, k, v), tensor({6, 7}, {2, 1}, f64), 1e-14);
    check_close(scaled_dot_product_attention(q, k, v, {.is_causal = true}),
                tensor({4, 7}, {2, 1}, f64), 1e-14);
    check_close(causal_mask(2, 3, 1), tensor({1, 1, 0, 1, 1, 1}, {2, 3}, bool_), 0);
    check_close(masked_softmax(tensor({5, 5, 7, 1, 2, 3}, {2, 3}),
                               tensor({1, 1, 0, 0, 0, 0}, {2, 3}, bool_)),
                tensor({0.5, 0.5, 0, 0, 0, 0}, {2, 3}), 1e-7);
  }

  TEST_CASE("values and gradients agree with PyTorch") {
    const Oracle oracle("attention");
    const auto check = [&](const char* what, const AttentionOptions& options = {}) {
      oracle.check(what, [&](const Tensors& x) {
        AttentionOptions o = options;
        if (x.size() > 3) o.attn_mask = x[3];
        return scaled_dot_product_attention(x[0], x[1], x[2], o);
      });
    };
    check("plain");
    check("causal", {.is_causal = true});
    check("causal, more queries", {.is_causal = true});
    check("scale", {.scale = -0.3});
    check("mask");
    check("added mask");
    check("shared heads", {.enable_gqa = true});
    check("shared heads and mask", {.enable_gqa = true});
  }

  TEST_CASE("a query that may look at nothing gives zeros and no gradient") {
    const Tensor q = variable(uniform({2, 3}));
    const Tensor y = scaled_dot_product_attention(
        q, uniform({4, 3}), uniform({4, 2}),
        {.attn_mask = tensor({0, 0, 0, 0, 1, 1, 0, 0}, {2, 4}, bool_)});
    const std::vector<double> values = y.to_vector<double>();
    CHECK((values[0] == 0 && values[1] == 0));
    const std::vector<double> dq = grad(y, q, {.seed = y}).to_vector<double>();
    CHECK((dq[0] == 0 && dq[1] == 0 && dq[2] == 0 && dq[3] != 0));
  }

  TEST_CASE("dropout of everything leaves zeros") {
    const Tensor x = uniform({3, 2});
    check_close(scaled_dot_product_attention(x, x, x, {.dropout_p = 1}), uniform({3, 2}, 0, 0), 0);
  }

  TEST_CASE("what does not fit is an error") {
    const Tensor x = uniform({2, 3, 4});
    const auto error = [&](const Tensor& q, const Tensor& k, const Tensor& v,
                           const AttentionOptions& options = {}) {
      CHECK_THROWS_AS(scaled_dot_product_attention(q, k, v, options), Error);
    };
    CHECK_THROWS_WITH_AS(
        scaled_dot_product_attention(x, uniform({2, 3, 5}), x),
        doctest::Contains("query [2, 3, 4] and key [2, 3, 5] must have the same last extent"),
        Error);
    error(Tensor(), x, x);
    error(x, Tensor(), x);
    error(uniform({4}), x, x);
    error(x, x, uniform({2, 4, 4}));
    error(x, x, cast(x, f32));
    error(cast(x, i32), cast(x, i32), cast(x, i32));
    error(x, uniform({3, 3, 4}), x);
    error(x, x, x, {.attn_mask = uniform({3, 3}), .is_causal = true});
    error(x, x, x, {.attn_mask = uniform({4, 3})});
    error(x, x, x, {.attn_mask = uniform({5, 2, 3, 3})});
    error(x, x, x, {.attn_mask = cast(uniform({3, 3}), i32)});
    error(x, x, x, {.dropout_p = 1.5});
    error(uniform({3, 3, 4}), x, x, {.enable_gqa = true});
    CHECK_THROWS_AS(causal_mask(-1, 2), Error);
    CHECK_THROWS_AS(masked_softmax(x, Tensor()), Error);
    CHECK_THROWS_AS(masked_softmax(x, cast(x, i32)), Error);
    CHECK_THROWS_AS(masked_softmax(uniform({2}), uniform({2, 2})), Error);
  }
}
