#pragma once

#include <cstdint>
#include <cstdlib>

// How long a test runs, for those that can do more than fits every day: a number from the
// environment, as in `TESSERA_STEPS=1000000 build/tessera_tests -sf='*core/evaluator*'`.
inline uint64_t from_environment(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}
