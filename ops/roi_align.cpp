#include "ops/roi_align.h"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "core/cpu/parallel.h"
#include "core/cuda/stream.h"
#include "core/error.h"
#include "core/op.h"
#include "ops/fixed_sums.h"
#include "ops/roi_align.cu.inc"
#include "ops/sparse_rows.h"

namespace tessera {

using detail::SparseRows;

namespace {

// A box's cells along one axis: a row of taps for each. In mode max every sample has two taps, for
// one of weight 0 takes part in the maximum; weights are not normalized then.
template <class T>
SparseRows axis_cells(T low, T high, int64_t cells, int64_t extent, const RoiAlignOptions& o) {
  const detail::RoiAxis<T> axis(low, high, cells, extent, o.spatial_scale, o.aligned,
                                o.sampling_ratio);
  require(axis.valid,
          "roi_align: a box must be finite and cover at most 2^20 elements, got {} to {}", low,
          high);
  const double share = o.mode == RoiPooling::avg ? 1 / static_cast<double>(axis.samples) : 1;
  SparseRows rows;
  const auto add = [&](int64_t index, T weight) {
    if (o.mode == RoiPooling::avg) return rows.add(index, static_cast<double>(weight) * share);
    rows.index.push_back(index);
    rows.weight.push_back(static_cast<double>(weight));
  };
  for (int64_t i = 0; i < cells; ++i, rows.end_row()) {
    for (int64_t sample = 0; sample < axis.samples; ++sample) {
      const auto taps = axis.taps(i, sample);
      for (int k = 0; k < 2; ++k) add(taps.index[k], taps.weight[k]);
    }
  }
  return rows;
}

// A box: its image, and its cells along both axes.
struct Cells {
  int64_t image;
  SparseRows rows, columns;
};

template <class T>
std::vector<Cells> cells_of(const Array& boxes, const Shape& x, const Shape& grid,
                            const RoiAlignOptions& o) {
  std::vector<Cells> cells;
  for (int64_t k = 0; k < boxes.shape[0]; ++k) {
    const T* box = boxes.as<const T>() + 5 * k;
    require(box[0] >= 0 && box[0] < static_cast<T>(x[0]) && std::floor(box[0]) == box[0],
            "roi_align: box {} has image index {}, which is not in [0, {})", k, box[0], x[0]);
    cells.push_back({static_cast<int64_t>(box[0]), axis_cells(box[2], box[4], grid[0], x[2], o),
                     axis_cells(box[1], box[3], grid[1], x[3], o)});
  }
  return cells;
}

// Calls f(index, weight) for every element of a plane that contributes to cell (i, j); in mode max
// only for the one with the largest contribution, by the values of `selector`.
template <class T, class F>
void for_each_tap(const Cells& cells, int64_t i, int64_t j, int64_t width, const T* selector,
                  F&& f) {
  int64_t best_index = -1;
  T best_weight = 0, best = 0;
  const auto begin = [](const SparseRows& rows, int64_t row) {
    return static_cast<size_t>(rows.begin[static_cast<size_t>(row)]);
  };
  for (size_t u = begin(cells.rows, i); u < begin(cells.rows, i + 1); ++u) {
    for (size_t v = begin(cells.columns, j); v < begin(cells.columns, j + 1); ++v) {
      const int64_t index = cells.rows.index[u] * width + cells.columns.index[v];
      const T weight = static_cast<T>(cells.rows.weight[u] * cells.columns.weight[v]);
      if (!selector) {
        f(index, weight);
      } else if (best_index < 0 || weight * selector[index] > best) {
        best_index = index;
        best_weight = weight;
        best = weight * selector[index];
      }
    }
  }
  if (best_index >= 0) f(best_index, best_weight);
}

// Sums over the cells of boxes, or the adjoint. Inputs: the values, the boxes and, in mode max, the
// feature map whose values select the elements. Each is the gradient of the other in the values.
class RoiAlignOp final : public KernelOp {
 public:
  RoiAlignOp(const RoiAlignOptions& options, const Shape& grid, bool adjoint)
      : options_(options), grid_(grid), adjoint_(adjoint) {}
  std::string_view name() const override { return adjoint_ ? "roi_align_adjoint" : "roi_align"; }
  void key(std::string& out) const override {
    append_key(out, options_.spatial_scale, options_.sampling_ratio, options_.aligned,
               options_.mode, adjoint_);
    append_key(out, grid_);
  }
  Tensors vjp(const Tensors& x, const Tensor&, const Tensor& dy, Needed) const override {
    Tensors inputs = x, dx(x.size());
    inputs[0] = dy;
    dx[0] = make_node(std::make_shared<RoiAlignOp>(options_, grid_, !adjoint_), inputs,
                      x[0].shape(), dy.dtype());
    return dx;
  }
  void run(std::span<const Array> inputs, const Array& output) const override {
    if (output.dtype == f64) {
      compute<double>(inputs, output);
    } else {
      compute<float>(inputs, output);
    }
  }

  bool run_cuda(cuda::Stream& stream, std::span<const Array> in, const Array& out) const override {
    const Shape& map = adjoint_ ? out.shape : in[0].shape;
    cuda::roi_align::Boxes boxes{.N = map[0],
                                 .C = map[1],
                                 .H = map[2],
                                 .W = map[3],
                                 .K = in[1].shape[0],
                                 .rows = grid_[0],
                                 .columns = grid_[1],
                                 .spatial_scale = options_.spatial_scale,
                                 .sampling_ratio = options_.sampling_ratio,
                                 .aligned = options_.aligned,
                                 .boxes = in[1].data,
                                 .values = in[0].data,
                                 .result = out.data};
    if (options_.mode == RoiPooling::max) boxes.selector = in[2].data;
    boxes.image = stream.faults().fault(fmt::format(
        "roi_align: boxes must have image indices in [0, {}), those with others are", map[0]));
    boxes.box = stream.faults().fault(
        "roi_align: boxes must be finite and cover at most 2^20 elements, those that do not are");
    const int64_t cells = boxes.K * grid_.numel();
    const auto launch = [&](const char* kernel) {
      stream.launch("ops/roi_align.cu.inc",
                    fmt::format("cuda::roi_align::{}<{}>", kernel, cuda::c_type(out.dtype)),
                    cuda::blocks_for(cells * boxes.C), boxes);
    };
    if (!adjoint_) {
      launch("forward");
      return true;
    }
    detail::FixedSums fixed(stream, out.numel(), in[0], cells);
    boxes.sums = fixed.sums();
    launch("adjoint");
    fixed.finish(out);
    return true;
  }

 private:
  template <class T>
  void compute(std::span<const Array> inputs, const Array& output) const {
    constexpr int kTogether = 8;
    const Shape& map = (adjoint_ ? output : inputs[0]).shape;
    const std::vector<Cells> boxes = cells_of<T>(inputs[1], map, grid_, options_);
    if (adjoint_) std::fill_n(output.as<T>(), output.numel(), T(0));
    // Of the adjoint, one thread owns some channels of every image, and adds to them in the order
    // of the boxes.
    const int64_t C = map[1], K = std::ssize(boxes), runs = adjoint_ ? 1 : K;
    cpu::parallel_for((C + kTogether - 1) / kTogether * runs, false, [&](int64_t item) {
      const int64_t first = item / runs * kTogether, end = std::min(C, first + kTogether);
      const bool together = end == first + kTogether && options_.mode == RoiPooling::avg;
      for (int64_t k = item % runs; k < K; k += runs) {
        if (together) {
          box_of_channels<T, kTogether>(boxes, k, first, map, inputs, output);
        } else {
          for (int64_t c = first; c < end; ++c)
            box_of_channels<T, 1>(boxes, k, c, map, inputs, output);
        }
      }
    });
  }

  // Box k in kChannels channels from c on, which have its taps in common; in mode max none have.
  template <class T, int kChannels>
  void box_of_channels(const std::vector<Cells>& boxes, int64_t k, int64_t c, const Shape& map,
                       std::span<const Array> inputs, const Array& output) const {
    const Cells& box = boxes[static_cast<size_t>(k)];
    const int64_t plane = map[2] * map[3], size = grid_.numel();
    const int64_t in_map = (box.image * map[1] + c) * plane, in_grid = (k * map[1] + c) * size;
    const T* const x = inputs[0].as<const T>() + (adjoint_ ? in_grid : in_map);
    T* const y = output.as<T>() + (adjoint_ ? in_map : in_grid);
    const T* selector = nullptr;
    if (options_.mode == RoiPooling::max) selector = inputs[2].as<const T>() + in_map;
    for (int64_t cell = 0; cell < size; ++cell) {
      const int64_t row = cell / grid_[1], column = cell % grid_[1];
      T value[kChannels] = {};
      if (adjoint_) {
        for (int j = 0; j < kChannels; ++j) value[j] = x[j * size + cell];
        for_each_tap(box, row, column, map[3], selector, [&](int64_t index, T weight) {
          for (int j = 0; j < kChannels; ++j, index += plane) y[index] += weight * value[j];
        });
      } else {
        for_each_tap(box, row, column, map[3], selector, [&](int64_t index, T weight) {
          for (int j = 0; j < kChannels; ++j, index += plane) value[j] += weight * x[index];
        });
        for (int j = 0; j < kChannels; ++j) y[j * size + cell] = value[j];
      }
    }
  }

  const RoiAlignOptions options_;
  const Shape grid_;  // cells
  const bool adjoint_;
};

}  // namespace

Tensor roi_align(const Operand& x, const Tensor& boxes, const RoiAlignOptions& o) {
  const Call call("roi_align", x.where);
  require(x.defined() && boxes.defined(), "roi_align: x or boxes is an undefined tensor");
  require(is_floating(x.dtype()) && boxes.dtype() == x.dtype(),
          "roi_align: x and boxes must be floating and of one dtype, got {} and {}", x.dtype(),
          boxes.dtype());
  require(x.ndim() == 4 && x.shape(2) > 0 && x.shape(3) > 0,
          "roi_align: x must be [N, C, H, W] with H and W at least 1, got {}", x.shape());
  require(boxes.ndim() == 2 && boxes.shape(1) == 5,
          "roi_align: boxes must be [K, 5] (image, x1, y1, x2, y2), got {}", boxes.shape());
  const Shape grid = o.output_size.resolve(2, 1, "roi_align", "output_size");
  const int64_t cells = std::max(grid[0], grid[1]);
  require(cells <= 1 << 20 && o.sampling_ratio <= (int64_t{1} << 24) / cells,
          "roi_align: at most 2^20 cells and 2^24 samples an axis are possible, got {} cells with "
          "sampling_ratio {}",
          cells, o.sampling_ratio);
  require(std::isfinite(o.spatial_scale), "roi_align: spatial_scale must be finite, got {}",
          o.spatial_scale);
  const DType type = compute_type(x.dtype());
  const Tensor map = cast(x, type);
  Tensors inputs{map, cast(boxes, type)};
  if (o.mode == RoiPooling::max) inputs.push_back(map);
  const Shape shape{boxes.shape(0), x.shape(1), grid[0], grid[1]};
  return cast(make_node(std::make_shared<RoiAlignOp>(o, grid, false), inputs, shape, type),
              x.dtype());
}

}  // namespace tessera
