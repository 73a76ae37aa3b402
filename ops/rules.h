#pragma once

namespace tessera {

// What the graph knows about a function of one element besides its value (see *_functions.h): for
// one variable `df(x, y)`, which is dy/dx as a tensor or a number, with y = f(x), or where the
// gradient is chosen rather than scaled `dx(x, y, dy)`, which is dL/dx; for two variables `da` and
// `db`, the partial derivatives times dy, with y = f(a, b). A function without them has no
// gradient. `check`, if there is one, refuses dtypes and numbers; `fused(x)` is one node for f and
// the op that made x, if there can be one.
template <class F>
struct Rules {};

}  // namespace tessera
