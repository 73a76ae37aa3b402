#include "nn/metric/connected_components.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

#include "core/error.h"

namespace tessera::nn {

namespace {

// Voxels begin <= w < end of a row.
struct Run {
  int32_t begin, end;
};

// Sets of runs that are merged; each is known by its first run.
class Forest {
 public:
  void add() { parents_.push_back(static_cast<int32_t>(parents_.size())); }
  int32_t root(int32_t i) {
    while (at(i) != i) {
      at(i) = at(at(i));  // halves the way for the next one
      i = at(i);
    }
    return i;
  }
  void merge(int32_t a, int32_t b) {
    a = root(a);
    b = root(b);
    at(std::max(a, b)) = std::min(a, b);
  }

 private:
  int32_t& at(int32_t i) { return parents_[static_cast<size_t>(i)]; }
  std::vector<int32_t> parents_;
};

// All runs of a set; those of row r are starts[r] to starts[r + 1].
struct Runs {
  std::vector<Run> runs;
  std::vector<int32_t> starts = {0};
};

Runs runs_of(const VoxelSet& set) {
  Runs all;
  for (int64_t d = 0; d < set.depth(); ++d) {
    for (int64_t h = 0; h < set.height(); ++h) {
      const auto words = set.row(d, h);
      const size_t first = all.runs.size();
      for (size_t i = 0; i < words.size(); ++i) {
        uint64_t word = words[i];
        while (word != 0) {
          const int begin = std::countr_zero(word), count = std::countr_one(word >> begin);
          const auto at = static_cast<int32_t>(i * 64) + begin;
          if (all.runs.size() > first && all.runs.back().end == at) {
            all.runs.back().end += count;
          } else {
            all.runs.push_back({at, at + count});
          }
          word &= begin + count == 64 ? 0 : ~uint64_t{0} << (begin + count);
        }
      }
      all.starts.push_back(static_cast<int32_t>(all.runs.size()));
    }
  }
  return all;
}

// Merges the runs of two rows that touch, also across corners when `wide`.
void merge_rows(const Runs& all, int64_t a, int64_t b, bool wide, Forest& forest) {
  const int32_t reach = wide ? 1 : 0;
  int32_t i = all.starts[static_cast<size_t>(a)], j = all.starts[static_cast<size_t>(b)];
  const int32_t last_i = all.starts[static_cast<size_t>(a + 1)];
  const int32_t last_j = all.starts[static_cast<size_t>(b + 1)];
  while (i < last_i && j < last_j) {
    const Run x = all.runs[static_cast<size_t>(i)], y = all.runs[static_cast<size_t>(j)];
    if (x.begin < y.end + reach && y.begin < x.end + reach) forest.merge(i, j);
    if (x.end < y.end) {
      ++i;
    } else {
      ++j;
    }
  }
}

}  // namespace

Components connected_components(const VoxelSet& set, int connectivity) {
  const int ndim = set.shape().ndim();
  require(connectivity >= 1 && connectivity <= ndim,
          "connected_components: connectivity must be from 1 to {}, the number of axes, got {}",
          ndim, connectivity);
  require(set.shape().numel() <= std::numeric_limits<int32_t>::max(),
          "connected_components: at most 2^31 - 1 voxels can be numbered, got {}", set.shape());
  const Runs all = runs_of(set);
  Forest forest;
  for (size_t i = 0; i < all.runs.size(); ++i) forest.add();
  const int64_t height = set.height();
  for (int64_t d = 0; d < set.depth(); ++d) {
    for (int64_t h = 0; h < height; ++h) {
      // The rows before this one that touch it.
      for (int64_t dd = d > 0 ? -1 : 0; dd <= 0; ++dd) {
        for (int64_t dh = -1; dh <= (dd < 0 ? 1 : -1); ++dh) {
          const int64_t axes = std::abs(dd) + std::abs(dh);
          if (axes > connectivity || h + dh < 0 || h + dh >= height) continue;
          merge_rows(all, d * height + h, (d + dd) * height + h + dh, axes < connectivity, forest);
        }
      }
    }
  }

  Components out;
  out.labels.resize(static_cast<size_t>(set.shape().numel()));
  std::vector<int32_t> numbers(all.runs.size());
  for (int64_t row = 0; row < set.depth() * height; ++row) {
    const int32_t end = all.starts[static_cast<size_t>(row + 1)];
    for (int32_t i = all.starts[static_cast<size_t>(row)]; i < end; ++i) {
      const auto root = static_cast<size_t>(forest.root(i));
      if (numbers[root] == 0) {
        out.sizes.push_back(0);
        numbers[root] = static_cast<int32_t>(out.sizes.size());
      }
      const Run run = all.runs[static_cast<size_t>(i)];
      out.sizes[static_cast<size_t>(numbers[root] - 1)] += run.end - run.begin;
      const auto first = out.labels.begin() + row * set.width();
      std::fill(first + run.begin, first + run.end, numbers[root]);
    }
  }
  return out;
}

int connectivity_of(int64_t neighbours, int ndim) {
  const bool flat = ndim == 2;
  const int found = neighbours == (flat ? 4 : 6)    ? 1
                    : neighbours == (flat ? 8 : 18) ? 2
                    : !flat && neighbours == 26     ? 3
                                                    : 0;
  require(found > 0, "connectivity_of: neighbours must be {}, got {}",
          flat ? "4 or 8 in pictures" : "6, 18 or 26 in volumes", neighbours);
  return found;
}

}  // namespace tessera::nn
