#pragma once

#include <filesystem>
#include <string_view>

#include "io/archive.h"

namespace tessera::io {

// Reads a .safetensors file (8 bytes of header length, a JSON header, raw little-endian data;
// github.com/huggingface/safetensors). I8, I16 and U16 become i32, U32 and U64 become i64. Throws
// Error naming the file and what is wrong with it: nothing in the file is trusted, and the tensors
// take at most four times the length of the file.
Archive load_safetensors(const std::filesystem::path& path);

// Whether a file that begins with these bytes (9 at least) may be one.
bool is_safetensors(std::string_view begin);

// Writes `archive`, computing its tensors first. The file appears whole or not at all: a crash or a
// full disk leaves an existing file as it was.
void save_safetensors(const Archive& archive, const std::filesystem::path& path);

}  // namespace tessera::io
