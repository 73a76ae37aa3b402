#pragma once

#include <cstdint>
#include <vector>

namespace tessera::detail {

// A sparse matrix whose rows are outputs and whose columns are inputs: what every kind of
// resampling is, y[row] = sum_t weight[t] * x[index[t]] over the taps t of the row.
struct SparseRows {
  std::vector<int64_t> begin{0};  // taps of row i: begin[i] <= t < begin[i + 1]
  std::vector<int64_t> index;
  std::vector<double> weight;

  int64_t rows() const { return static_cast<int64_t>(begin.size()) - 1; }

  // Adds a tap to the row being built; one without weight would only spread nan and inf.
  void add(int64_t column, double value) {
    if (value == 0) return;
    index.push_back(column);
    weight.push_back(value);
  }
  void end_row() { begin.push_back(static_cast<int64_t>(index.size())); }

  void clear() {
    begin.assign(1, 0);
    index.clear();
    weight.clear();
  }

  // The matrix of the adjoint, with `columns` rows. Taps stay in the order of the rows here, so
  // that sums over them have a fixed order.
  SparseRows transposed(int64_t columns) const {
    SparseRows result;
    result.begin.assign(static_cast<size_t>(columns) + 1, 0);
    for (const int64_t column : index) ++result.begin[static_cast<size_t>(column) + 1];
    for (size_t i = 1; i < result.begin.size(); ++i) result.begin[i] += result.begin[i - 1];
    result.index.resize(index.size());
    result.weight.resize(weight.size());
    std::vector<int64_t> next(result.begin);
    for (int64_t row = 0; row < rows(); ++row) {
      const auto r = static_cast<size_t>(row);
      for (auto t = static_cast<size_t>(begin[r]); t < static_cast<size_t>(begin[r + 1]); ++t) {
        const auto place = static_cast<size_t>(next[static_cast<size_t>(index[t])]++);
        result.index[place] = row;
        result.weight[place] = weight[t];
      }
    }
    return result;
  }
};

}  // namespace tessera::detail
