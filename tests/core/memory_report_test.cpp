#include "core/memory_report.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "core/buffer.h"
#include "core/tensor.h"
#include "core/transfer.h"
#include "ops/binary.h"
#include "ops/shape.h"
#include "ops/unary.h"
#include "tests/core/cuda/host_gpu.h"

using namespace tessera;

namespace {

// The live tensors of `extent` elements, an extent no other test leaves behind.
std::vector<LiveTensor> of_extent(int64_t extent) {
  std::vector<LiveTensor> found;
  for (const LiveTensor& tensor : live_tensors()) {
    if (tensor.shape.numel() == extent) found.push_back(tensor);
  }
  return found;
}

}  // namespace

TEST_SUITE("core/memory_report") {
  TEST_CASE("a tensor in memory is told with its op and line, until it is freed") {
    constexpr int64_t kExtent = 123457;
    const Tensor x = tensor({2}, {1}, f64);
    {
      const Tensor y = exp(expand(x, {kExtent}));
      CHECK(of_extent(kExtent).empty());
      y.eval();
      const std::vector<LiveTensor> found = of_extent(kExtent);
      REQUIRE(found.size() == 1);
      CHECK(found[0].bytes == kExtent * 8);
      CHECK(found[0].shape == Shape{kExtent});
      CHECK(found[0].dtype == f64);
      CHECK(found[0].op == "exp");
      CHECK(found[0].line.find("memory_report_test.cpp:") == 0);
      CHECK(found[0].device == Device::cpu());
      const Tensor other_name = reshape(y, {1, kExtent}).eval();
      CHECK(of_extent(kExtent).size() == 1);
    }
    CHECK(of_extent(kExtent).empty());
  }

  TEST_CASE("the report lists the largest first and ends with totals") {
    const Tensor large = exp(expand(tensor({1}, {1}), {1000, 1000})).eval();
    const Tensor small = neg(expand(tensor({1}, {1}), {10, 1000})).eval();
    const std::vector<LiveTensor> all = live_tensors();
    CHECK(std::is_sorted(all.begin(), all.end(), [](const LiveTensor& a, const LiveTensor& b) {
      return a.bytes > b.bytes;
    }));
    const std::string report = memory_report(all.size());
    INFO(report);
    const size_t first = report.find("4.00 MB  f32 [1000, 1000]");
    const size_t second = report.find("40.00 kB  f32 [10, 1000]");
    CHECK(first != std::string::npos);
    CHECK(second != std::string::npos);
    CHECK(first < second);
    CHECK(report.find(" cached, ") != std::string::npos);
    CHECK(memory_report(1).find("...  and ") != std::string::npos);
  }

  TEST_CASE("each device has counters of its own") {
    const Device unused = Device::cuda(98);
    CHECK(memory_stats(unused).live == 0);
    CHECK(memory_stats(Device::cpu()).live == memory_stats().live);
    reset_peak_memory(unused);
    empty_cache(unused);
    const testing::WithHostGpu gpu;
    const Device device = testing::host_gpu();
    {
      const Tensor x = to(exp(expand(tensor({1}, {1}), {1000, 50})), device);
      CHECK(memory_stats(device).live >= 200000);
      CHECK(memory_stats(device).peak == memory_stats(device).live);
      const std::string report = memory_report(1000);
      CHECK(report.find("f32 [1000, 50] on " + device.str()) != std::string::npos);
      CHECK(report.find(device.str() + ": 212.99 kB in use, 212.99 kB at peak, 0 B cached") !=
            std::string::npos);
    }
    CHECK(memory_stats(device).live == 0);
    CHECK(memory_stats(device).cached >= 200000);
    reset_peak_memory(device);
    empty_cache(device);
    CHECK(memory_stats(device).peak == 0);
    CHECK(memory_stats(device).cached == 0);
  }
}
