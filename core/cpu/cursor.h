#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "core/access.h"

namespace tessera::cpu {

// Where in a space a tile begins.
struct Cursor {
  Shape space = {};
  std::array<int64_t, kMaxDims> index = {};  // of the tile's first element
  int64_t next = -1, length = 0;             // where the tile ends, and its length

  void seek(int64_t begin, int64_t n);

  // The form at the tile's first element.
  int64_t value_of(const Linear& form) const;

  // Walks n elements from the first on as runs along the last axis: f(value of the form at the
  // start of the run, its step within the run, place in the tile, length).
  template <class F>
  void for_runs(const Linear& form, int64_t n, F&& f) const;
};

// The space of the rows of `row` elements: trailing axes are dropped, or shortened where an axis
// holds several rows.
Shape space_of_rows(const Shape& space, int64_t row);

// A form over the space, at the starts of the rows.
Linear row_form(const Shape& space, const Shape& rows, const Linear& form);

template <class F>
void Cursor::for_runs(const Linear& form, int64_t n, F&& f) const {
  const auto at = [](int axis) { return static_cast<size_t>(axis); };
  const int last = space.ndim() - 1;
  if (last < 0) return f(form.offset, int64_t{0}, int64_t{0}, n);
  auto place = index;
  int64_t value = value_of(form);
  const int64_t step = form.coef[at(last)];
  for (int64_t done = 0; done < n;) {
    const int64_t run = std::min(n - done, space[last] - place[at(last)]);
    f(value, step, done, run);
    done += run;
    value += run * step;
    place[at(last)] += run;
    for (int k = last; k > 0 && place[at(k)] == space[k]; --k) {
      value += form.coef[at(k - 1)] - space[k] * form.coef[at(k)];
      place[at(k)] = 0;
      ++place[at(k - 1)];
    }
  }
}

}  // namespace tessera::cpu
