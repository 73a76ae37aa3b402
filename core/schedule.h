#pragma once

#include <functional>
#include <vector>

#include "core/fuser.h"

namespace tessera {

// Brings programs whose results all outlive the run, such as updates of parameters, forward to
// behind the last step that makes or reads one of their inputs, though not before step `earliest`:
// a gradient dies there, before the next one is made, instead of waiting for all of them.
// `storage` is the value whose memory a value names (itself, if it is no alias). Other steps keep
// their order.
void hasten(std::vector<Group>& steps, int earliest, const std::function<bool(int)>& outlives,
            const std::function<int(int)>& storage);

}  // namespace tessera
