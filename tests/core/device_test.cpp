#include "core/device.h"

#include <doctest/doctest.h>

#include "tests/error_of.h"

using namespace tessera;

TEST_SUITE("core/device") {
  TEST_CASE("names of devices and back") {
    for (const Device device : {Device::cpu(), Device::cuda(), Device::cuda(7)})
      CHECK(device_of_name(device.str()) == device);
    CHECK(Device::cuda(1).str() == "cuda:1");
    CHECK(device_of_name("cuda") == Device::cuda(0));
    CHECK(Device::cuda(0) != Device::cuda(1));
    CHECK(Device::cpu() != Device::cuda());
  }

  TEST_CASE("other names are errors") {
    for (const char* name : {"", "gpu", "cuda:", "cuda:-1", "cuda:1x", "cuda:256", "CPU"})
      CHECK_THROWS_WITH(device_of_name(name), doctest::Contains("device: must be cpu, cuda or"));
  }
}
