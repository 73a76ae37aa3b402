#pragma once

#include <cstddef>

namespace tessera {

// Memory for small objects that are made and dropped by the million (graph nodes): a free list per
// thread and size, so that neither takes a lock. Blocks are reused, never returned to the system.
// Under AddressSanitizer it is plain new and delete, so that misuse is seen.
void* slab_allocate(size_t bytes);
void slab_free(void* memory, size_t bytes) noexcept;

}  // namespace tessera
