// TESSERA_TEST_DEVICE=cuda makes the tensors of all tests there.

#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdlib>

#include "core/settings.h"

int main(int argc, char** argv) {
  using namespace tessera;
  const char* device = std::getenv("TESSERA_TEST_DEVICE");
  const OnDevice on(device ? device_of_name(device) : Device::cpu());
  return doctest::Context(argc, argv).run();
}
