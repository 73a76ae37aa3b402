#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "core/tensor.h"

namespace tessera::io {

// Reads NumPy's .npy (versions 1 to 3, either order of bytes, C or Fortran order). bool, u1, f2, f4
// and f8 stay what they are; i1, i2 and u2 become i32, u4 and u8 become i64. Throws Error naming
// the file for other types, for damage, and for a u8 beyond i64; it takes no more memory than a
// few times the length of the file.
Tensor load_npy(const std::filesystem::path& path);

// The same from memory; `name` stands for the file in errors.
Tensor parse_npy(std::string_view bytes, const std::string& name);

// Writes `tensor`, computed first, as .npy that numpy.load reads. NumPy has no bf16: it is written
// as f4. The file appears whole or not at all.
void save_npy(const Tensor& tensor, const std::filesystem::path& path);

// What save_npy writes.
std::string npy_bytes(const Tensor& tensor);

}  // namespace tessera::io
