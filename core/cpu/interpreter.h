#pragma once

#include <cstddef>
#include <span>

#include "core/program.h"

namespace tessera::cpu {

// Runs a fused program over arrays given by slot. The iteration space is cut into tiles of a few
// hundred elements; every instruction is a pre-compiled loop over one tile, so that intermediate
// values stay in the first-level cache. Chunks of tiles are spread over the threads; the split
// depends on the program alone, and so do the bits of the result.
void run(const Program& program, std::span<std::byte* const> slots);

}  // namespace tessera::cpu
