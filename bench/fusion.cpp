// What does fusing element-wise operations bring, and what does interpreting cost?
//
//   fusion [threads] [--quick]
//
// Two chains (a per-channel affine map + relu + residual add, and an Adam update), each computed
// fused by the tile interpreter, operation by operation with all fusion rules off, and by a loop
// written by hand for the same instruction sets. Ratios of medians of interleaved runs.

#include <cmath>
#include <cstdlib>

#include <fmt/core.h>

#include "bench/timing.h"
#include "core/cpu/isa.h"
#include "core/cpu/parallel.h"
#include "core/op.h"
#include "core/settings.h"
#include "ops/binary.h"
#include "ops/shape.h"
#include "ops/unary.h"

using namespace tessera;
using namespace tessera::bench;

namespace {

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define HAND_FUSED __attribute__((target_clones("arch=skylake-avx512", "avx2", "default")))
#else
#define HAND_FUSED
#endif

HAND_FUSED void affine_relu_add(const float* x, float mean, float scale, float shift,
                                const float* residual, float* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    const float v = (x[i] - mean) * scale + shift;
    y[i] = (v > 0 ? v : 0) + residual[i];
  }
}

HAND_FUSED void adam(float* __restrict p, const float* g, float* __restrict m, float* __restrict v,
                     int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    m[i] = 0.9f * m[i] + 0.1f * g[i];
    v[i] = 0.999f * v[i] + 0.001f * (g[i] * g[i]);
    p[i] = p[i] - 1e-3f * (m[i] / (std::sqrt(v[i]) + 1e-8f));
  }
}

Tensor wave(const Shape& shape, float offset) {
  std::vector<float> values(static_cast<size_t>(shape.numel()));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = offset + 0.1f * static_cast<float>(i * 7 % 13) - 0.5f;
  return tensor<float>(values, shape);
}

float* mutable_data(const Tensor& x) {
  return const_cast<float*>(x.data<float>().data());
}

// Times `ours` fused and with all rules off against `by_hand`.
void report(const std::string& what, const std::function<void()>& ours,
            const std::function<void()>& by_hand) {
  std::vector<Contender> contenders = {
      {"fused", ours},
      {"operation by operation",
       [&] {
         const FusionRules off({false, false, false, false, false});
         ours();
       }},
      {"by hand", by_hand}};
  race(contenders, 25, num_threads() == 1);
  const double fused = contenders[0].median();
  fmt::print("{:<34} {:>9.3f} {:>9.3f} {:>9.3f}   {:>6.2f} {:>6.2f}\n", what, fused * 1e3,
             contenders[1].median() * 1e3, contenders[2].median() * 1e3,
             contenders[1].median() / fused, fused / contenders[2].median());
}

void chain_a(int64_t N, int64_t C, int64_t HW) {
  const Shape shape{N, C, HW};
  const Tensor x = wave(shape, 0), residual = wave(shape, 0.1f), out = wave(shape, 0);
  const Tensor mean = wave({C, 1}, 0), scale = wave({C, 1}, 1), shift = wave({C, 1}, 0.3f);
  const auto ours = [&] {
    consume((maximum((x - mean) * scale + shift, 0.0) + residual).data<float>().data());
  };
  const auto by_hand = [&] {
    const float *m = mean.data<float>().data(), *s = scale.data<float>().data(),
                *b = shift.data<float>().data();
    cpu::parallel_for(N * C, false, [&](int64_t row) {
      const int64_t at = row * HW, c = row % C;
      affine_relu_add(x.data<float>().data() + at, m[c], s[c], b[c],
                      residual.data<float>().data() + at, mutable_data(out) + at, HW);
    });
    consume(out.data<float>().data());
  };
  report(fmt::format("affine+relu+add [{}, {}, {}]", N, C, HW), ours, by_hand);
}

void chain_b(int64_t n) {
  const Tensor g = wave({n}, 0);
  const Tensor p = variable(wave({n}, 0)), m = variable(wave({n}, 0)), v = variable(wave({n}, 1));
  const auto ours = [&] {
    const Tensor new_m = m * 0.9 + g * 0.1, new_v = v * 0.999 + g * g * 0.001;
    p.update(p - new_m / (sqrt(new_v) + 1e-8) * 1e-3);
    m.update(new_m);
    v.update(new_v);
    eval_and_release({p, m, v});
  };
  const Tensor hand_p = wave({n}, 0), hand_m = wave({n}, 0), hand_v = wave({n}, 1);
  const auto by_hand = [&] {
    cpu::parallel_ranges(n, 16384, [&](int64_t begin, int64_t end) {
      adam(mutable_data(hand_p) + begin, g.data<float>().data() + begin,
           mutable_data(hand_m) + begin, mutable_data(hand_v) + begin, end - begin);
    });
    consume(hand_p.data<float>().data());
  };
  report(fmt::format("Adam [{}]", n), ours, by_hand);
}

}  // namespace

int main(int argc, char** argv) {
  const bool quick = is_quick(argc, argv);
  if (argc > (quick ? 2 : 1)) set_num_threads(std::atoi(argv[1]));
  const NoGrad no_grad;
  fmt::print("{}, {} threads; milliseconds (median), and ratios\n", cpu::isa_name(), num_threads());
  fmt::print("{:<34} {:>9} {:>9} {:>9}   {:>6} {:>6}\n", "", "fused", "by op", "by hand", "gain",
             "cost");
  if (!quick) {
    chain_a(8, 64, 16384);
    chain_a(8, 256, 1024);
    chain_b(8 << 20);
    chain_b(2 << 20);
  }
  chain_a(2, 64, 1024);
  chain_b(1 << 16);
  fmt::print("gain = by op / fused; cost = fused / by hand\n");
}
