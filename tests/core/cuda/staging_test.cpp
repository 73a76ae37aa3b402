#include "core/cuda/staging.h"

#include <algorithm>
#include <numeric>

#include <doctest/doctest.h>

#include "tests/core/cuda/host_gpu.h"

using namespace tessera;
using tessera::testing::HostDriver;

TEST_SUITE("core/cuda/staging") {
  TEST_CASE("arrays of any size go there and back through a ring of pinned blocks") {
    HostDriver driver;
    {
      cuda::Staging staging(driver, 64, 3);
      for (const int64_t bytes : {0, 1, 63, 64, 65, 192, 193, 1000}) {
        std::vector<uint8_t> values(static_cast<size_t>(bytes)), back(values.size(), 255);
        std::iota(values.begin(), values.end(), uint8_t{1});
        std::byte* block = driver.allocate(bytes);
        staging.write(block, values.data(), bytes);
        const std::vector<uint8_t> sent = values;
        std::ranges::fill(values, uint8_t{0});  // may change at once
        staging.read(back.data(), block, bytes);
        CHECK(back == sent);
        driver.free(block);
      }
      CHECK(driver.pinned() == 3);
    }
    CHECK(driver.pinned() == 0);
  }

  TEST_CASE("writing waits only when every block is on its way") {
    HostDriver driver;
    cuda::Staging staging(driver, 64, 3);
    std::byte* block = driver.allocate(64);
    const uint8_t values[64] = {};
    driver.calls.clear();
    for (int i = 0; i < 3; ++i) staging.write(block, values, 64);
    CHECK(std::ranges::count(driver.calls, "wait") == 0);
    staging.write(block, values, 64);
    CHECK(std::ranges::count(driver.calls, "wait") == 1);
  }
}
