#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "core/cpu/reals.h"
#include "core/finished.h"
#include "ops/conv_geometry.h"

// Which elements of its input each result of a convolution sees.
namespace tessera::detail {

inline int64_t blocks_of(int64_t total, int64_t size) {
  return (total + size - 1) / size;
}

// An index or extent along each of three spatial axes; the missing ones are in front.
using Index = std::array<int64_t, 3>;
Index in_three(const Shape& values, int64_t missing);
inline int64_t product(const Index& index) {
  return index[0] * index[1] * index[2];
}

// Consecutive positions of a grid along its last axis.
struct Run {
  Index first;
  int64_t count;
};

// Positions [begin, end) of a grid in row-major order.
std::vector<Run> runs_of(const Index& grid, int64_t begin, int64_t end);

// Which element of a source plane a position of the grid sees through tap t of the kernel:
// position * step + shift[t] along each axis, and zero outside of the plane.
struct Patches {
  Index source, grid, step;
  std::vector<Index> shift;

  int64_t taps() const { return static_cast<int64_t>(shift.size()); }

  // What consecutive positions see through one tap.
  template <class T>
  void read(const cpu::ConstReals& plane, const Index& tap, const std::vector<Run>& runs,
            T* out) const {
    for (const Run& run : runs) {
      const Sight sight = through(tap, run);
      std::fill(out, out + sight.low, T{});
      if (sight.low < sight.high) {
        (plane + (sight.line + sight.low * step[2]))
            .read(sight.high - sight.low, out + sight.low, step[2]);
      }
      std::fill(out + sight.high, out + run.count, T{});
      out += run.count;
    }
  }

  // The transpose: adds a value of each position to the element it sees.
  template <class T>
  void add(const T* values, const Index& tap, const std::vector<Run>& runs, T* plane) const {
    for (const Run& run : runs) {
      const Sight sight = through(tap, run);
      for (int64_t i = sight.low; i < sight.high; ++i) plane[sight.line + i * step[2]] += values[i];
      values += run.count;
    }
  }

 private:
  // Of a run, positions [low, high) see the plane, element line + i * step[2] position i.
  struct Sight {
    int64_t low, high, line;
  };
  Sight through(const Index& tap, const Run& run) const;
};

// Tells that n elements are final, all at once but from several threads.
void tell_all(const Finished& done, int64_t n);

// The patches that the results of the convolution see.
Patches forward_patches(const ConvGeometry& geometry);

}  // namespace tessera::detail
