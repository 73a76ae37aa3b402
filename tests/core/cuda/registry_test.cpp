#include <sstream>

#include <doctest/doctest.h>

#include "core/precision.h"
#include "core/settings.h"
#include "core/transfer.h"
#include "ops/unary.h"
#include "tests/core/cuda/host_gpu.h"
#include "tests/core/cuda/nvrtc.h"
#include "tests/core/cuda/run_samples.h"
#include "tests/ops/close.h"
#include "tests/ops/samples.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

// Texts of all programs of the samples.
const std::set<std::string>& texts_of_samples() {
  static const std::set<std::string> texts = [] {
    const WithHostGpu gpu(HostGpuMode::collecting);
    for_each_sample(host_gpu(), {}, [](SampleMaker, size_t, const Sample& sample, DType dtype) {
      run(sample, dtype);
    });
    return gpu->texts();
  }();
  return texts;
}

// Some of the texts that together have every line that is in any of them, but for numbers.
std::vector<std::string> with_all_kinds_of_lines(const std::set<std::string>& texts) {
  std::vector<std::string> chosen;
  std::set<std::string> known;
  for (const std::string& text : texts) {
    std::istringstream lines(text);
    bool any_new = false;
    for (std::string line; std::getline(lines, line);) {
      std::erase_if(line, [](char c) { return '0' <= c && c <= '9'; });
      if (known.insert(line).second) any_new = true;
    }
    if (any_new) chosen.push_back(text);
  }
  return chosen;
}

void compare_with_processor(Device gpu, const std::set<std::string>& ops = {}) {
  for_each_sample(
      gpu, ops, [](SampleMaker maker, size_t number, const Sample& sample, DType dtype) {
        const Tensors results = run(sample, dtype);
        const OnDevice on(Device::cpu());
        const SampleList all = samples_on(Device::cpu(), maker);
        const Tensors expected = run(all[number], dtype);
        REQUIRE(results.size() == expected.size());
        for (size_t i = 0; i < results.size(); ++i) {
          INFO(sample.what << " " << name_of(dtype) << " result " << i);
          CHECK(results[i].dtype() == expected[i].dtype());
          CHECK(difference(results[i], expected[i], tolerance_of(dtype) * sample.tolerance) == "");
        }
      });
}

// The ops that the processor computed, a line each.
std::string fallbacks(const HostGpu& gpu) {
  std::set<std::string> names;
  for (const auto& [op, count] : gpu.fallbacks()) names.insert(op);
  std::string lines;
  for (const std::string& name : names) lines += name + "\n";
  return lines;
}

// Ops that the processor computes in some samples.
constexpr const char* kFallbacks = "";

}  // namespace

TEST_SUITE("core/cuda/registry") {
  TEST_CASE("programs printed for GPUs, compiled as C++, give what the processor gives") {
    HostKernels::instance().compile(texts_of_samples());
    const WithHostGpu gpu;
    compare_with_processor(host_gpu());
    CHECK(fallbacks(*gpu) == kFallbacks);
  }

  TEST_CASE("without NVIDIA's libraries products and convolutions are the same") {
    const WithHostGpu gpu(HostGpuMode::bare);
    compare_with_processor(
        host_gpu(), {"matmul", "mm", "bmm", "mv", "linear", "addmm", "einsum", "conv1d", "conv2d",
                     "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
                     "scaled_dot_product_attention"});
    CHECK(fallbacks(*gpu).empty());
  }

  // All of them are compiled as C++ above, and by NVRTC where they run. That takes minutes.
  TEST_CASE("programs that have all kinds of lines are compiled by NVRTC") {
    const cuda::Compiler* nvrtc = installed_nvrtc();
    if (!nvrtc) return;
    const std::vector<std::string> texts = with_all_kinds_of_lines(texts_of_samples());
    CHECK(texts.size() > 100);
    for (const int architecture : {80, 90, 100})
      CHECK(!nvrtc->compile(joined(texts), architecture).empty());
  }

  TEST_CASE("where there is a GPU, it gives what the processor gives") {
    const StrictF32 strict;
    if (cuda::gpu_count() > 0) compare_with_processor(Device::cuda(0));
  }
}
