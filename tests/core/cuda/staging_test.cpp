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

  TEST_CASE("parcels have pinned memory of their own, which is reused once it was sent") {
    HostDriver driver;
    {
      cuda::Staging staging(driver, 64, 3);
      std::byte* const block = driver.allocate(4000);
      std::vector<uint8_t> values(1000), back(4000);
      std::iota(values.begin(), values.end(), uint8_t{1});
      const std::vector<uint8_t> sent = values;
      std::vector<std::unique_ptr<Parcel>> parcels;
      for (int i = 0; i < 4; ++i) parcels.push_back(staging.pack(values.data(), 1000));
      std::ranges::fill(values, uint8_t{0});  // may change at once
      driver.calls.clear();
      for (size_t i = 0; i < 3; ++i) parcels[i]->send(block + 1000 * i);
      CHECK(std::ranges::count(driver.calls, "wait") == 0);
      parcels.clear();
      CHECK(driver.pinned() == 4);
      staging.read(back.data(), block, 3000);
      for (size_t i = 0; i < 3; ++i)
        CHECK(std::ranges::equal(sent, std::span(back).subspan(1000 * i, 1000)));
      driver.calls.clear();
      for (int i = 0; i < 4; ++i) parcels.push_back(staging.pack(values.data(), 990));
      CHECK(driver.calls == std::vector<std::string>(3, "wait"));  // the fourth was never sent
      parcels.push_back(staging.pack(values.data(), 0));
      CHECK(driver.pinned() == 8);  // and the ring
      parcels.clear();
      driver.free(block);
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
