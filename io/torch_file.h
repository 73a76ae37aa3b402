#pragma once

#include <filesystem>
#include <string_view>

#include "io/archive.h"

namespace tessera::io {

// Reads the tensors of a checkpoint that torch.save wrote, as a zip (since PyTorch 1.6) or as a row
// of pickles (before); which of its entries are taken is told in state_dict.h. i8 and i16 become
// i32. Views, shared storages and either order of bytes are understood. Nothing in the file is
// executed. Throws Error naming the file and what is wrong with it, or which class it wants to use.
Archive load_torch(const std::filesystem::path& path);

// Whether a file that begins with these bytes (16 at least) is one of the older kind.
bool is_legacy_torch(std::string_view begin);

}  // namespace tessera::io
