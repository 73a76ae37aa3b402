#pragma once

#include <filesystem>

#include "io/archive.h"

namespace tessera::io {

// Reads a checkpoint that jittor.save wrote (.pkl): a pickled dict of names and NumPy arrays, its
// SHA-1, which is checked, and the 8 letters HCAJSLHD. Plain pickles of arrays are read too. Which
// entries are taken is told in state_dict.h; dtypes as in load_npy. Nothing in the file is
// executed. Throws Error naming the file and what is wrong with it, or which class it wants to use.
Archive load_jittor(const std::filesystem::path& path);

}  // namespace tessera::io
