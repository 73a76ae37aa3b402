#include "tests/error_of.h"

#include "core/error.h"

namespace tessera::testing {

std::string error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace tessera::testing
