#pragma once

#include <vector>

#include "core/plan.h"

namespace tessera {

// Decides which values of a graph lie channels-last in memory: the results of kernels that work
// faster so, and what is computed from those element by element or by kernels that take both
// formats, as far as such a kernel reads them; and what only such kernels read. All others are
// row-major: values that outlive the run, so that whoever reads them knows, and those that a kernel
// or a reshape needs so.
void choose_formats(Graph& graph, const std::vector<Fate>& fates);

}  // namespace tessera
