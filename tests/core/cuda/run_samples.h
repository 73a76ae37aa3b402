#pragma once

#include <functional>
#include <set>
#include <string>

#include "core/device.h"
#include "tests/ops/samples.h"

namespace tessera::testing {

// The value of a sample and, where there is one, the gradient of sum(result * result).
Tensors run(const Sample& sample, DType dtype);

SampleList samples_on(Device device, SampleMaker maker);

// Calls f for every sample in f64, f32 and bf16; it is given the sample's number among those of its
// op. Of `ops` only, if there are any.
void for_each_sample(
    Device device, const std::set<std::string>& ops,
    const std::function<void(SampleMaker, size_t number, const Sample&, DType)>& f);

// How far results may be from what the processor gives, for `difference`.
double tolerance_of(DType dtype);

}  // namespace tessera::testing
