#pragma once

#include "io/pickle.h"

namespace tessera::io {

// Reads the Python pickle (protocols 2 to 5; docs.python.org/3/library/pickletools.html) at the
// start of `bytes`, which must outlive the result. Nothing is executed: the functions that it may
// ask for are those of pickle_calls.h. Throws Error, beginning with `name`, when it is damaged or
// wants anything else. The values take at most 64 MiB and 16 times the length of `bytes`.
Pickle unpickle(std::string_view bytes, const std::string& name);

// Whether these bytes begin as a pickle does.
bool is_pickle(std::string_view bytes);

}  // namespace tessera::io
