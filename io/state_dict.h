#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "io/archive.h"
#include "io/pickle.h"

namespace tessera::io {

// Gives the bytes of the storage with this key, which stay where they are until the end. Throws
// Error when the file has none.
using StorageReader = std::function<std::string_view(std::string_view key)>;

// The weights in a checkpoint that Python pickled: a dict of names and tensors, either all of it or
// under a usual name such as "state_dict" or "model". Names in nested dicts are joined by dots.
// Numbers and texts beside the tensors (epoch, learning rate) become metadata.
//
// Nothing is trusted: views must lie within their storages, names of no kind mean anything, and
// all tensors together take at most four times the bytes that the file has for them. Tensors that
// are equal views of one storage share their memory. Throws Error when there are no weights,
// listing what there is instead.
Archive state_dict_of(const Pickle& pickle, const StorageReader& storage, bool big_endian = false);

}  // namespace tessera::io
