#pragma once

#include <vector>

#include "core/fuser.h"

namespace tessera {

// Moves programs behind the kernel whose result they take element by element, such as bias and
// activation behind a convolution, and marks them as `joined` to it. What else they read must be
// there before the kernel runs. One program for each kernel, the first that fits.
void join_epilogues(const Graph& graph, std::vector<Group>& groups);

}  // namespace tessera
