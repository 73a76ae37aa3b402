#include "tests/data.h"

namespace tessera::testing {

std::filesystem::path data_file(const std::filesystem::path& name) {
  return std::filesystem::path(TESSERA_TEST_DATA) / name;
}

}  // namespace tessera::testing
