#include "core/cuda/tables.h"

#include <doctest/doctest.h>

#include "tests/core/cuda/host_gpu.h"
#include "tests/error_of.h"

using namespace tessera;
using namespace tessera::testing;

TEST_SUITE("core/cuda/tables") {
  TEST_CASE("a table is made and copied once") {
    HostDriver driver;
    int made = 0;
    const auto make = [&] {
      ++made;
      return std::string("weights");
    };
    {
      cuda::Tables tables(driver);
      const std::byte* const table = tables.find("a", make);
      CHECK(std::string(reinterpret_cast<const char*>(table), 7) == "weights");
      CHECK(tables.find("a", make) == table);
      CHECK(tables.find("b", make) != table);
      CHECK(made == 2);
      CHECK(driver.blocks() == 2);
      CHECK(driver.pinned() == 0);
      driver.memory = 3;
      CHECK(error_of([&] {
              tables.find("c", make);
            }).starts_with("memory: the GPU could not give 7 bytes for a table"));
    }
    CHECK(driver.blocks() == 0);
  }
}
