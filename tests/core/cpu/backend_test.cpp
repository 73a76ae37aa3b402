#include "core/cpu/backend.h"

#include <cstring>

#include <doctest/doctest.h>

using namespace tessera;

TEST_SUITE("core/cpu/backend") {
  TEST_CASE("memory is the processor's and copies are done at once") {
    Backend& cpu = backend(Device::cpu());
    CHECK(&cpu == &cpu::backend());
    int64_t capacity = 0;
    std::byte* block = cpu.take(5, capacity);
    CHECK(capacity >= 5);
    cpu.write(block, "abcd", 5);
    CHECK(std::strcmp(reinterpret_cast<const char*>(block), "abcd") == 0);
    char back[5] = {};
    cpu.read(back, block, 5);
    CHECK(std::strcmp(back, "abcd") == 0);
    CHECK(cpu.memory().live >= capacity);
    cpu.give(block, capacity);
  }
}
