#include "core/backend.h"

#include <doctest/doctest.h>

#include "tests/core/cuda/host_gpu.h"
#include "tests/error_of.h"

using namespace tessera;
using namespace tessera::testing;

TEST_SUITE("core/backend") {
  TEST_CASE("a device that is not there is an error that says why") {
    const std::string error = error_of([] { backend(Device::cuda(255)); });
    CHECK(error.starts_with("device: cuda:255 must be there, but "));
    CHECK(error_of([] { allocate(8, Device::cuda(255)); }) == error);
  }

  TEST_CASE("a backend can stand in for a device's own") {
    const WithHostGpu gpu;
    CHECK(&backend(host_gpu()) == &*gpu);
    const Ref<Buffer> buffer = allocate(100, host_gpu());
    CHECK(buffer->device == host_gpu());
    CHECK(gpu->memory().live == buffer->capacity);
    CHECK(&backend(Device::cpu()) != &*gpu);
  }
}
