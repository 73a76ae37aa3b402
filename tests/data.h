#pragma once

#include <filesystem>

namespace tessera::testing {

// The files of tests/data/: data_file("conv.safetensors").
std::filesystem::path data_file(const std::filesystem::path& name);

}  // namespace tessera::testing
