#pragma once

#include <filesystem>

#include "io/archive.h"

namespace tessera::io {

// Reads named tensors from any file that holds weights: .safetensors, .npz, PyTorch's .pth, .pt and
// .bin, Jittor's .pkl, and model files (.tessera). What the file really is decides, not its name.
// Throws Error naming the file and what is wrong, or which formats there are.
Archive load_weights(const std::filesystem::path& path);

}  // namespace tessera::io
