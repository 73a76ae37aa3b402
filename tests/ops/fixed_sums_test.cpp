#include "ops/fixed_sums.h"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "core/transfer.h"
#include "ops/creation.h"
#include "ops/index.h"
#include "ops/scatter.h"
#include "tests/core/cuda/host_gpu.h"
#include "tests/ops/close.h"
#include "tests/ops/samples.h"

using namespace tessera;
using namespace tessera::testing;

namespace {

// Sums of rows that many indices name.
Tensor sums_of(const Tensor& values, Device device) {
  const OnDevice on(device);
  const Tensor index = to(integers({values.shape(0)}, 0, 3), device);
  return to(index_add(to(ones({3, 2}, values.dtype()), device), 0, index, to(values, device)),
            Device::cpu());
}

}  // namespace

TEST_SUITE("ops/fixed_sums") {
  TEST_CASE("sums in fixed point are as exact as those in double, whatever the magnitude") {
    const WithHostGpu host;
    for (const double magnitude : {1.0, 1e-30, 1e30}) {
      const Tensor values = uniform({1000, 2}, -magnitude, magnitude);
      CHECK(difference(sums_of(values, host_gpu()), sums_of(values, Device::cpu()), 1e-14) == "");
    }
    const Tensor zero = zeros({5, 2}, f64);
    CHECK(sums_of(zero, host_gpu()).to_vector<double>() == std::vector<double>(6, 1.0));
    CHECK(host->fallbacks().empty());
  }

  TEST_CASE("a value that is not finite makes all sums nan") {
    const WithHostGpu host;
    for (const double bad : {std::numeric_limits<double>::infinity(), std::nan("")}) {
      for (const double sum : sums_of(full({4, 2}, bad, f64), host_gpu()).to_vector<double>())
        CHECK(std::isnan(sum));
    }
  }
}
