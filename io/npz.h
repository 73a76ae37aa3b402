#pragma once

#include <filesystem>

#include "io/archive.h"

namespace tessera::io {

// Reads NumPy's .npz: a zip of .npy files, which give the tensors their names. dtypes as in
// load_npy. Members that are not .npy files are passed over. Throws Error naming the file and the
// array; no array takes more memory than the zip says, and all of them at most 16 GiB.
Archive load_npz(const std::filesystem::path& path);

// Writes the tensors of `archive` (its metadata have no place there), computed first, as
// numpy.savez does, or numpy.savez_compressed. The file appears whole or not at all.
void save_npz(const Archive& archive, const std::filesystem::path& path, bool compressed = false);

}  // namespace tessera::io
