#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/tensor.h"
#include "tests/onnx/model.h"

namespace tessera::onnx {

enum class Outcome : uint8_t { passed, failed, skipped };

struct Result {
  std::string test;  // name of its folder
  std::string op;    // what it is about, for the table
  Outcome outcome = Outcome::passed;
  std::string reason;  // why it failed or was skipped
};

// Folders that hold a model.onnx, in the order of their names; `root` and all below it.
std::vector<std::filesystem::path> find_tests(const std::filesystem::path& root);

// Runs the model of a folder on the inputs of each test_data_set_N in it and compares the outputs.
Result run_test(const std::filesystem::path& folder);

// The outputs of a graph.
Tensors run_graph(const Graph& graph, const Tensors& inputs);

// Empty when `got` is as good as `want`, and else what differs. Shape, dtype, truth values and
// integers must be equal; nan equals nan. Floating values are close when
//   |got - want| <= rtol * |want| + atol * max(1, largest finite |want|)
// with, by dtype,
//   f64   rtol 1e-7, atol 1e-8     some expected values were computed in f32 and widened
//   f32   rtol 1e-5, atol 1e-6     sums of different order: a few units in the last place
//   f16   rtol 2e-3, atol 1e-3     two units in the last place
//   bf16  rtol 1.6e-2, atol 8e-3   two units in the last place
// and 1e-4 more where all expected values were written down with four decimals.
std::string difference(const Tensor& got, const Tensor& want);

}  // namespace tessera::onnx
