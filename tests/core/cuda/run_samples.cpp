#include "tests/core/cuda/run_samples.h"

#include <doctest/doctest.h>

#include "autograd/grad.h"
#include "core/op.h"

namespace tessera::testing {

Tensors run(const Sample& sample, DType dtype) {
  Tensors x, floating;
  for (const Tensor& input : sample.inputs) {
    x.push_back(fresh_leaf(input.dtype() == f64 ? cast(input, dtype) : Tensor(input)).eval());
    if (is_floating(x.back().dtype())) floating.push_back(x.back());
  }
  const Tensor y = sample.f(x);
  Tensors results{y};
  if (sample.gradient && is_floating(y.dtype()) && !floating.empty()) {
    for (const Tensor& dx : grad(y, floating, {.seed = y, .allow_unused = true}))
      results.push_back(dx);
  }
  eval(results);
  return results;
}

SampleList samples_on(Device device, SampleMaker maker) {
  const OnDevice on(device);
  SampleList samples;
  maker(samples);
  return samples;
}

void for_each_sample(
    Device device, const std::set<std::string>& ops,
    const std::function<void(SampleMaker, size_t number, const Sample&, DType)>& f) {
  const OnDevice on(device);
  for (const auto& [name, maker] : sample_registry()) {
    if (!ops.empty() && !ops.contains(name)) continue;
    const SampleList samples = samples_on(device, maker);
    for (size_t i = 0; i < samples.size(); ++i) {
      for (const DType dtype : {f64, f32, bf16}) {
        if (dtype != f64 && !samples[i].low_precision) continue;
        try {
          f(maker, i, samples[i], dtype);
        } catch (const std::exception& error) {
          const std::string what = name + ": " + samples[i].what + ": " + error.what();
          FAIL_CHECK(what);
        }
      }
    }
  }
}

double tolerance_of(DType dtype) {
  return dtype == f64 ? 1e-12 : dtype == f32 ? 1e-5 : 0.04;
}

}  // namespace tessera::testing
