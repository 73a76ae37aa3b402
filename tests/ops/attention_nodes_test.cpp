#include "ops/attention_nodes.h"

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/buffer.h"
#include "core/op.h"
#include "core/settings.h"
#include "ops/attention.h"
#include "ops/binary.h"
#include "ops/matmul.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "tests/ops/samples.h"
#include "tests/oracle.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

// The specification: the same as a composition.
Tensor composed(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& mask,
                const detail::FlashAttentionOptions& o) {
  const Tensor scores = matmul(q * o.scale, k, {.transpose_b = true});
  const Tensor allowed = mask.defined() ? mask
                         : o.causal     ? causal_mask(q.shape(1), k.shape(1))
                                        : scalar(0.0, q.dtype());
  return matmul(masked_softmax(scores, allowed), v);
}

// Values, gradients, and gradients of a function of the gradients.
template <class F>
Tensors orders(F&& attention, const Tensors& x) {
  const auto weighted = [](const Tensor& y, uint64_t seed) {
    return sum(cast(uniform(y.shape(), -1, 1, seed), y.dtype()) * y);
  };
  const Tensor y = attention(x);
  const Tensors first = grad(weighted(y * y, 5), x);
  Tensor next = weighted(first[0], 6) + weighted(first[1], 7) + weighted(first[2], 8);
  Tensors all{y};
  for (const Tensor& g : first) all.push_back(g);
  for (const Tensor& g : grad(next, x)) all.push_back(g);
  return all;
}

struct Case {
  int64_t H, L, S, E, Ev;
};

void check(const Case& c, const Tensor& mask, bool causal) {
  CAPTURE(c.L);
  CAPTURE(c.S);
  CAPTURE(c.E);
  CAPTURE(causal);
  const detail::FlashAttentionOptions o{.scale = 0.7, .causal = causal};
  const Tensors exact = {uniform({c.H, c.L, c.E}, -1, 1, 1), uniform({c.H, c.S, c.E}, -1, 1, 2),
                         uniform({c.H, c.S, c.Ev}, -1, 1, 3)};
  Tensors x, single;
  for (const Tensor& t : exact) {
    x.push_back(variable(t));
    single.push_back(variable(cast(t, f32)));
  }
  const Tensor rough_mask = !mask.defined() || mask.dtype() == bool_ ? mask : cast(mask, f32);
  const auto ours = [&](const Tensors& t) {
    return detail::flash_attention(t[0], t[1], t[2], t[0].dtype() == f32 ? rough_mask : mask, o);
  };
  const Tensors got = orders(ours, x), rough = orders(ours, single);
  const Tensors expected =
      orders([&](const Tensors& t) { return composed(t[0], t[1], t[2], mask, o); }, x);
  for (size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i);
    check_close(got[i], expected[i], 1e-10);
    check_close(cast(rough[i], f64), expected[i], 1e-5);
  }
}

void add_sample(SampleList& list, const char* what, const Tensor& mask, bool causal) {
  list.push_back(
      {what,
       [=](const Tensors& x) {
         const DType type = compute_type(x[0].dtype());
         const Tensor own = !mask.defined() || mask.dtype() == bool_ ? mask : cast(mask, type);
         const Tensor y =
             detail::flash_attention(cast(x[0], type), cast(x[1], type), cast(x[2], type), own,
                                     {.scale = 0.7, .causal = causal});
         return cast(y, x[0].dtype());
       },
       {uniform({2, 3, 2}), uniform({2, 2, 2}, -1, 1, 1), uniform({2, 2, 3}, -1, 1, 2)}});
}

// Halves as they are, of widths that tensor cores take.
void add_sample(SampleList& list, const char* what, bool causal, const Case& c) {
  list.push_back({what,
                  [=](const Tensors& x) {
                    return detail::flash_attention(x[0], x[1], x[2], {},
                                                   {.scale = 0.7, .causal = causal});
                  },
                  {uniform({c.H, c.L, c.E}), uniform({c.H, c.S, c.E}, -1, 1, 1),
                   uniform({c.H, c.S, c.Ev}, -1, 1, 2)}});
}

}  // namespace

// Shorter sequences than scaled_dot_product_attention uses it for.
SAMPLES(flash_attention) {
  add_sample(list, "plain", {}, false);
  add_sample(list, "causal", {}, true);
  add_sample(list, "mask", tensor({1, 0, 0, 0, 1, 1}, {1, 3, 2}, bool_), false);
  add_sample(list, "added mask", tensor({1, -1, 0.5, 2}, {2, 1, 2}, f64), false);
  add_sample(list, "halves", false, {2, 3, 4, 8, 16});
  add_sample(list, "halves, causal", true, {1, 5, 4, 16, 8});
}

TEST_SUITE("ops/attention_nodes") {
  TEST_CASE("values and gradients of two orders equal those of the composition") {
    for (const bool causal : {false, true}) {
      check({1, 1, 1, 1, 1}, {}, causal);
      check({2, 5, 7, 3, 2}, {}, causal);
      check({2, 49, 129, 17, 33}, {}, causal);
      check({1, 131, 50, 8, 70}, {}, causal);
      check({2, 100, 260, 5, 3}, {}, causal);
    }
  }

  TEST_CASE("with masks of all kinds, some rows empty") {
    const Case c{3, 50, 140, 5, 6};
    const Tensor some = gt(uniform({3, 50, 140}, -1, 1, 4), 0.3);
    const Tensor rows = gt(uniform({1, 50, 1}, -1, 1, 5), 0.0);
    const Tensor keys = gt(uniform({3, 1, 140}, -1, 1, 6), 0.0);
    for (const Tensor& mask : {some, rows, keys, rows & keys, uniform({1, 50, 140}, -2, 2, 7),
                               uniform({3, 1, 140}, -2, 2, 8)}) {
      check(c, mask.eval(), false);
    }
  }

  TEST_CASE("halves are computed in f32") {
    for (const DType half : {f16, bf16}) {
      Tensors x, wide;
      for (const uint64_t seed : {1, 2, 3}) {
        x.push_back(variable(cast(uniform({3, 51, 5}, -1, 1, seed), half)));
        wide.push_back(variable(cast(x.back(), f32).eval()));
      }
      const auto both = [](const Tensors& t) {
        const Tensor y = detail::flash_attention(t[0], t[1], t[2], {}, {.causal = true});
        Tensors all = grad(y, t, {.seed = y});
        all.push_back(y);
        return all;
      };
      const Tensors got = both(x), expected = both(wide);
      check_close(got[3], cast(expected[3], half), 0);
      for (size_t i = 0; i < 3; ++i) {
        CHECK(got[i].dtype() == half);
        check_close(cast(got[i], f32), expected[i], 0.03);
      }
    }
  }

  TEST_CASE("the same bits with any number of threads") {
    const Tensor x = variable(cast(uniform({3, 200, 16}), f32));
    const auto all = [&] {
      const Tensor y = detail::flash_attention(x, x, x, {}, {});
      const Tensor dx = grad(sum(y * y), x);
      eval({y, dx});
      return Tensors{y, dx};
    };
    const int threads = num_threads();
    set_num_threads(1);
    const Tensors alone = all();
    set_num_threads(3);
    const Tensors shared = all();
    set_num_threads(threads);
    for (size_t i = 0; i < alone.size(); ++i) check_close(shared[i], alone[i], 0);
  }

  TEST_CASE("memory does not grow with the number of scores") {
    constexpr int64_t L = 3000;
    const Tensor x = variable(randn({2, L, 8}).eval());
    const int64_t scores = 2 * L * L * 4;
    const auto most = [&](bool causal) {
      reset_peak_memory();
      const int64_t before = memory_stats().live;
      const Tensor y = scaled_dot_product_attention(x, x, x, {.is_causal = causal});
      eval({grad(sum(y * y), x)});
      return memory_stats().peak - before;
    };
    CHECK(most(false) < scores / 8);
    CHECK(most(true) < scores / 8);
  }
}
