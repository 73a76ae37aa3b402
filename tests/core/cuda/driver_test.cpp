#include "core/cuda/driver.h"

#include <cstring>

#include <doctest/doctest.h>

#include "tests/error_of.h"

using namespace tessera;
using tessera::testing::error_of;

TEST_SUITE("core/cuda/driver") {
  TEST_CASE("a GPU that is not there is an error that says why and what to do") {
    const std::string error = error_of([] { cuda::open_driver(255); });
    CHECK(error.starts_with("device: cuda:255 must be there, but "));
    CHECK(error.ends_with("use cpu"));
  }

  TEST_CASE("where there is a GPU, memory can be copied there and back") {
    if (cuda::gpu_count() == 0) return;
    const auto driver = cuda::open_driver(0);
    CHECK(driver->info().architecture >= 75);
    std::byte* block = driver->allocate(1000);
    std::byte* pinned = driver->allocate_pinned(2000);
    std::memset(pinned, 7, 1000);
    driver->copy_in(block, pinned, 1000);
    driver->copy_out(pinned + 1000, block, 1000);
    const cuda::Event done = driver->make_event();
    driver->record(done);
    driver->wait(done);
    CHECK(std::memcmp(pinned, pinned + 1000, 1000) == 0);
    driver->free(block);
    driver->free_pinned(pinned);
    CHECK(driver->allocate(int64_t{1} << 60) == nullptr);
  }
}
