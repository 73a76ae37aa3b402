#include "core/cuda/faults.h"

#include <doctest/doctest.h>

#include "core/call.h"
#include "core/transfer.h"
#include "ops/creation.h"
#include "ops/index.h"
#include "ops/unary.h"
#include "tests/core/cuda/host_gpu.h"
#include "tests/error_of.h"

using namespace tessera;
using namespace tessera::testing;

TEST_SUITE("core/cuda/faults") {
  TEST_CASE("the first contract a kernel reports as broken is an error of the next check") {
    HostDriver driver;
    cuda::Faults faults(driver);
    faults.check();
    CHECK(driver.calls.empty());
    const Fault first = faults.fault("f: x must be 1"), second = faults.fault("g: y must be 2");
    CHECK(faults.fault("f: x must be 1").number == first.number);
    faults.check();
    second.report(7);
    first.report(8);
    CHECK(error_of([&] { faults.check(); }).starts_with("g: y must be 2, got 7"));
    faults.check();
  }

  TEST_CASE("an index out of range is an error when a value is read, at the user's line") {
    const WithHostGpu host;
    const OnDevice on(host_gpu());
    const Tensor x = arange(5), wrong = index_select(x, 0, cast(tensor({1, 5}, {2}), i64));
    const Tensor y = exp(wrong).eval();
    const std::string error = error_of([&] { y.to_vector<double>(); });
    CHECK(
        error.starts_with("index_select: indices along axis 0 must lie in [-5, 5), its extent "
                          "being 5, got 5"));
    CHECK(error.find("faults_test.cpp") != std::string::npos);
    CHECK(x.to_vector<double>() == std::vector<double>{0, 1, 2, 3, 4});
  }
}
