#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "autograd/gradcheck.h"
#include "core/tensor.h"

namespace tessera::testing {

// One call of an operator, on which the properties that every operator must have are checked
// (see registry_test.cpp): finite differences of first and second order, equal bits whether lazy
// or eager, for every fusion setting and number of threads, and f32 and halves close to f64.
struct Sample {
  std::string what;  // the options, for messages
  TensorFunction f;
  Tensors inputs;             // floating ones in f64
  bool gradient = true;       // the result is differentiable at these inputs
  bool second = true;         // so is its gradient
  bool low_precision = true;  // f also takes f32, bf16 and f16 inputs
  double tolerance = 1;       // factor on the f32 and half tolerances, for ill-conditioned results
};

using SampleList = std::vector<Sample>;
using SampleMaker = void (*)(SampleList&);

// Every operator's samples by its public name.
std::map<std::string, SampleMaker>& sample_registry();

struct RegisterSamples {
  RegisterSamples(const char* name, SampleMaker maker) { sample_registry()[name] = maker; }
};

// Reproducible test data of any shape: uniform in [low, high), and whole numbers in it.
Tensor uniform(const Shape& shape, double low = -1, double high = 1, uint64_t seed = 0);
Tensor integers(const Shape& shape, int64_t low, int64_t high, uint64_t seed = 0);  // i64
// All values different, at least 0.1 apart, in random order: for max, sort and kinks away from 0.
Tensor distinct(const Shape& shape, uint64_t seed = 0);

}  // namespace tessera::testing

// SAMPLES(conv2d) { list.push_back({"stride 2", [](const Tensors& x) {...}, {uniform({..})}}); }
#define SAMPLES(name)                                                                         \
  static void samples_of_##name(::tessera::testing::SampleList& list);                        \
  static const ::tessera::testing::RegisterSamples register_##name(#name, samples_of_##name); \
  static void samples_of_##name([[maybe_unused]] ::tessera::testing::SampleList& list)
