#include <cmath>
#include <cstring>

#include <doctest/doctest.h>
#include <fmt/core.h>

#include "autograd/grad.h"
#include "core/error.h"
#include "core/op.h"
#include "core/settings.h"
#include "ops/axes.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/join.h"
#include "ops/reduce.h"
#include "tests/ops/close.h"
#include "tests/ops/samples.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

template <class F>
void for_each_sample(F&& f) {
  for (const auto& entry : sample_registry()) {
    const std::string& name = entry.first;
    SampleList samples;
    entry.second(samples);
    CHECK_MESSAGE(!samples.empty(), name, " has no samples");
    for (const Sample& sample : samples) {
      INFO(name << ": " << sample.what);
      try {
        f(sample);
      } catch (const std::exception& error) {
        FAIL_CHECK(std::string(error.what()));
      }
    }
  }
}

// The inputs as new tensors, so that nothing computed earlier is reused; floating ones in `dtype`.
Tensors copies(const Tensors& inputs, DType dtype = f64) {
  Tensors result;
  for (const Tensor& x : inputs) {
    const Tensor y = x.dtype() == f64 ? cast(x, dtype).eval() : x.eval();
    result.push_back(dispatch(y.dtype(), [&]<class T>(T) {
      return from_bytes(y.data<T>().data(), y.shape(), y.dtype());
    }));
  }
  return result;
}

// The value and, where there is one, the gradient of sum(result * result).
Tensors run(const Sample& sample, DType dtype = f64) {
  const Tensors x = copies(sample.inputs, dtype);
  const Tensor y = sample.f(x);
  Tensors results{y};
  if (sample.gradient && is_floating(y.dtype())) {
    Tensors floating;
    for (const Tensor& input : x) {
      if (is_floating(input.dtype())) floating.push_back(input);
    }
    if (!floating.empty()) {
      for (const Tensor& dx : grad(y, floating, {.seed = y, .allow_unused = true}))
        results.push_back(dx);
    }
  }
  eval(results);
  return results;
}

bool same_bits(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) return false;
  return dispatch(a.dtype(), [&]<class T>(T) {
    return std::memcmp(a.data<T>().data(), b.data<T>().data(), a.data<T>().size_bytes()) == 0;
  });
}

void check_same_bits(const Tensors& a, const Tensors& b) {
  REQUIRE(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) CHECK(same_bits(a[i], b[i]));
}

}  // namespace

TEST_SUITE("ops/registry") {
  TEST_CASE("gradients agree with finite differences") {
    for_each_sample([](const Sample& sample) {
      if (!sample.gradient) return;
      const GradcheckResult result = gradcheck(sample.f, sample.inputs);
      CHECK_MESSAGE(result.ok, result.report);
    });
  }

  TEST_CASE("second derivatives agree with finite differences") {
    for_each_sample([](const Sample& sample) {
      if (!sample.gradient || !sample.second) return;
      const GradcheckResult result = gradgradcheck(sample.f, sample.inputs);
      CHECK_MESSAGE(result.ok, result.report);
    });
  }

  TEST_CASE("eager, lazy and every fusion setting give the same bits") {
    for_each_sample([](const Sample& sample) {
      const Tensors lazy = run(sample);
      for (const DType dtype : {f64, f32, bf16}) {
        if (dtype != f64 && !sample.low_precision) continue;
        const Tensors expected = dtype == f64 ? lazy : run(sample, dtype);
        {
          const Eager eager;
          check_same_bits(run(sample, dtype), expected);
        }
        for (int rules = 0; rules < 31; ++rules) {
          const FusionRules setting({(rules & 1) != 0, (rules & 2) != 0, (rules & 4) != 0,
                                     (rules & 8) != 0, (rules & 16) != 0});
          check_same_bits(run(sample, dtype), expected);
        }
      }
    });
  }

  TEST_CASE("the number of threads does not change the bits") {
    const int threads = num_threads();
    for_each_sample([&](const Sample& sample) {
      set_num_threads(1);
      const Tensors expected = run(sample);
      for (const int count : {2, 3}) {
        set_num_threads(count);
        check_same_bits(run(sample), expected);
      }
      set_num_threads(threads);
    });
  }

  TEST_CASE("wrong arguments are errors, never crashes") {
    for_each_sample([](const Sample& sample) {
      for (size_t i = 0; i < sample.inputs.size(); ++i) {
        const Tensor& x = sample.inputs[i];
        Tensors wrong = {Tensor(),
                         ones({}),
                         ones({0}, f64),
                         ones({1}),
                         ones({2, 3}, f64),
                         ones({2, 0, 3}),
                         ones({1, 1, 1, 1, 1, 1, 1, 1}, f64),
                         integers({3}, -9, 9),
                         cast(x, bool_),
                         cast(x, f16),
                         full_like(cast(x, f64), NAN)};
        if (x.ndim() < 8) wrong.push_back(unsqueeze(x, 0));
        if (x.ndim() > 0 && x.numel() > 0) {
          wrong.push_back(select(x, 0, 0));
          wrong.push_back(cat({x, x}, -1));
        }
        if (is_floating(x.dtype())) wrong.push_back(integers(x.shape(), -5, 5));
        if (x.dtype() == i64)
          wrong.push_back(x * 1000 - 7), wrong.push_back(full_like(x, int64_t{1} << 62));
        for (const Tensor& bad : wrong) {
          Tensors inputs = sample.inputs;
          inputs[i] = bad;
          try {
            const Tensor y = sample.f(inputs);
            if (y.defined() && y.numel() < 100000) y.eval();
          } catch (const Error&) {              // the only exception a caller should have to expect
          } catch (const std::out_of_range&) {  // samples that take a part which is not there
          }
        }
      }
    });
  }

  TEST_CASE("f32 and halves stay close to f64") {
    for_each_sample([](const Sample& sample) {
      if (!sample.low_precision) return;
      const std::pair<DType, double> types[] = {{f32, 1e-5}, {bf16, 0.04}, {f16, 0.005}};
      for (const auto& [dtype, rtol] : types) {
        // The reference takes the rounded inputs, so that only the computation is compared.
        Sample rounded = sample;
        for (Tensor& x : rounded.inputs) {
          if (x.dtype() == f64) x = cast(cast(x, dtype), f64);
        }
        const Tensors exact = run(rounded), low = run(sample, dtype);
        REQUIRE(exact.size() == low.size());
        for (size_t i = 0; i < exact.size(); ++i)
          CHECK(difference(low[i], exact[i], rtol * sample.tolerance) == "");
      }
    });
  }
}
