#include <algorithm>
#include <set>

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/amp.h"
#include "core/settings.h"
#include "core/transfer.h"
#include "ops/attention.h"
#include "ops/attention_nodes.h"
#include "ops/creation.h"
#include "ops/random.h"
#include "tests/core/cuda/fake_cudnn.h"
#include "tests/core/cuda/host_gpu.h"
#include "tests/ops/close.h"
#include "tests/ops/samples.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

using Calls = std::vector<std::string>;

struct Case {
  int64_t H, L, S, E, Ev;
  DType type = bf16;
  bool causal = false;
};

// y and the gradients of sum(y * y).
Tensors attend(Device device, const Case& c) {
  const OnDevice on(device);
  Tensors x;
  for (const auto& [shape, seed] : {std::pair<Shape, uint64_t>{{c.H, c.L, c.E}, 1},
                                    {{c.H, c.S, c.E}, 2},
                                    {{c.H, c.S, c.Ev}, 3}})
    x.push_back(variable(cast(uniform(shape, -1, 1, seed), c.type).eval()));
  const Tensor y =
      detail::flash_attention(x[0], x[1], x[2], {}, {.scale = 0.7, .causal = c.causal});
  Tensors all = grad(y, x, {.seed = y});
  all.insert(all.begin(), y);
  eval(all);
  return all;
}

void check_all_close(const Tensors& got, const Tensors& expected, double rtol) {
  for (size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i);
    CHECK(difference(got[i], expected[i], rtol) == "");
  }
}

void check_same(const Case& c) {
  CAPTURE(c.L);
  CAPTURE(c.S);
  CAPTURE(c.causal);
  check_all_close(attend(host_gpu(), c), attend(Device::cpu(), c), c.type == f16 ? 0.005 : 0.04);
}

int64_t runs() {
  return std::ranges::count(fake_cudnn().calls, "run");
}

}  // namespace

TEST_SUITE("core/cuda/cudnn_attention") {
  TEST_CASE("halves go to cuDNN, in both directions, and each form is planned once") {
    if (!open_fake_cudnn_attention()) return;
    const int before = fake_cudnn().objects;
    {
      const WithHostGpu gpu;
      Calls& calls = fake_cudnn().calls;
      calls.clear();
      check_same({2, 5, 7, 8, 16});
      CHECK(calls == Calls{"graph 10", "engine 1", "run", "graph 17", "engine 1", "run"});
      calls.clear();
      check_same({2, 5, 7, 8, 16});
      CHECK(calls == Calls{"run", "run"});
      calls.clear();
      check_same({2, 5, 7, 8, 16, f16});
      check_same({1, 66, 70, 16, 8, bf16, true});
      check_same({1, 70, 66, 16, 8, f16, true});
      CHECK(runs() == 6);
      CHECK(gpu->fallbacks().empty());
    }
    CHECK(fake_cudnn().objects == before);
  }

  TEST_CASE("scaled_dot_product_attention gives it halves without a mask, and under Amp") {
    const bool built = open_fake_cudnn_attention() != nullptr;
    const WithHostGpu gpu;
    const auto attend = [](Device device, DType type, AttentionOptions options) {
      const OnDevice on(device);
      if (options.attn_mask.defined()) options.attn_mask = to(options.attn_mask, device);
      const Tensor x = variable(cast(uniform({2, 1, 64, 8}), type).eval());
      const Tensor y = scaled_dot_product_attention(x, x, x, options);
      return Tensors{y, grad(y, x, {.seed = y})};
    };
    const auto check = [&](DType type, const AttentionOptions& options, int64_t expected_runs) {
      fake_cudnn().calls.clear();
      const Tensors got = attend(host_gpu(), type, options);
      eval(got);
      check_all_close(got, attend(Device::cpu(), type, options), 0.04);
      CHECK(runs() == (built ? expected_runs : 0));
    };
    check(f16, {}, 2);
    check(bf16, {.is_causal = true, .scale = 0.5}, 2);
    check(f32, {}, 0);
    check(bf16, {.attn_mask = ones({64, 64}, bool_)}, 0);
    const Amp amp(bf16);
    check(f32, {}, 2);
    CHECK(gpu->fallbacks().empty());
  }

  TEST_CASE("a recorded step gives the same, with the number that its plan reads") {
    if (!open_fake_cudnn_attention()) return;
    const WithHostGpu gpu;
    const OnDevice on(host_gpu());
    const Case c = {2, 5, 7, 8, 16};
    const Tensors expected = attend(Device::cpu(), c);
    fake_cudnn().calls.clear();
    for (int i = 0; i < 5; ++i) check_all_close(attend(host_gpu(), c), expected, 0.04);
    CHECK(count(gpu->driver().calls, "replay") > 0);
    CHECK(runs() % 2 == 0);
    CHECK(runs() < 10);  // replays do not ask again
  }

  TEST_CASE("what cuDNN does not know, or not right, kernels do") {
    const WithHostGpu gpu;
    fake_cudnn().calls.clear();
    check_same({1, 5, 7, 12, 8});  // widths that are no multiples of 8
    check_same({1, 5, 7, 8, 3});
    check_same({1, 1, 7, 8, 8});
    fake_cudnn().version = 91000;
    check_same({1, 5, 7, 8, 8});
    CHECK(runs() == 0);
    fake_cudnn().version = 91500;  // its gradients need whole blocks of keys
    check_same({1, 5, 7, 8, 8});
    CHECK(runs() == (open_fake_cudnn_attention() ? 1 : 0));
    fake_cudnn().version = 90500;
    check_same({1, 5, 128, 8, 8, f16, true});
    CHECK(runs() == (open_fake_cudnn_attention() ? 3 : 0));
    fake_cudnn().version = 0;
    CHECK(gpu->fallbacks().empty());
  }

  TEST_CASE("whatever it refuses, the result is there") {
    const Case c = {2, 5, 7, 8, 8, bf16, true};
    fake_cudnn().calls.clear();
    for (int type = 0; type < 45; ++type) {
      CAPTURE(type);
      const WithHostGpu gpu;
      fake_cudnn().refused = type;
      check_same(c);
      fake_cudnn().refused = -1;
    }
    // All but those types that it is made of do not matter.
    const int64_t whole = runs();
    CHECK(whole >= (open_fake_cudnn_attention() ? 2 * 25 : 0));
    CHECK(whole < 2 * 45);
    for (bool* flag : {&fake_cudnn().attends, &fake_cudnn().stops}) {
      const WithHostGpu gpu;
      *flag = !*flag;
      check_same(c);
      *flag = !*flag;
    }
    CHECK(runs() == whole);
  }

  TEST_CASE("gradients of many scores are computed some heads at a time") {
    if (!open_fake_cudnn_attention()) return;
    FakeCudnn& fake = fake_cudnn();
    // Of 132 MB a head, and of 52 MB, where five heads would leave log_sums at no multiple of 16.
    for (const Case& c : {Case{3, 8192, 8064, 8, 16}, Case{6, 5118, 5120, 8, 16}}) {
      const int64_t heads = c.H == 3 ? 2 : 4;
      const WithHostGpu gpu;
      fake.calls.clear();
      fake.computes = false;
      attend(host_gpu(), c);
      fake.computes = true;
      CHECK(fake.calls == Calls{"graph 10", "engine 1", "run", "graph 17", "engine 1", "run",
                                "graph 17", "engine 1", "run"});
      // How far the arrays of the second run of the gradients are behind those of the first one.
      const auto first = fake.given.at(1), last = fake.given.at(2);
      fake.given.clear();
      std::multiset<int64_t> steps;
      for (const auto& [name, array] : last) steps.insert(array - first.at(name));
      for (const int64_t bytes :
           {c.L * c.E * 2, c.L * c.E * 2, c.S * c.E * 2, c.S * c.E * 2, c.S * c.Ev * 2,
            c.S * c.Ev * 2, c.L * c.Ev * 2, c.L * c.Ev * 2, c.L * 4}) {
        CAPTURE(bytes);
        const auto found = steps.find(heads * bytes);
        REQUIRE(found != steps.end());
        steps.erase(found);
      }
      CHECK(steps.size() == 3);  // sums of its own, and two numbers
    }
  }
}
