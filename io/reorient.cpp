#include "io/reorient.h"

#include <memory>

#include "core/cpu/parallel.h"
#include "core/error.h"

namespace tessera::io {

namespace {

// 0, 1 or 2 for the patient's axis that a letter belongs to; -1 for none.
int world_axis(char letter) {
  constexpr std::string_view kLetters = "RLAPSI";
  const size_t at = kLetters.find(letter);
  return at == std::string_view::npos ? -1 : static_cast<int>(at / 2);
}

void check_codes(const std::string& codes) {
  bool valid = codes.size() == 3;
  bool used[3] = {};
  for (size_t i = 0; valid && i < 3; ++i) {
    const int axis = world_axis(codes[i]);
    valid = axis >= 0 && !used[axis];
    if (valid) used[axis] = true;
  }
  require(valid,
          "reorient: the axes are three letters, one of L and R, one of A and P, one of I and S, "
          "such as RAS, got '{}'",
          codes);
}

// Where the result's elements are in the volume: element i0, i1, ... is number
// offset + i0 strides[0] + i1 strides[1] + ...; strides may be negative.
struct View {
  Shape shape, strides;
  int64_t offset = 0;
};

template <class T>
Tensor copy(const Tensor& voxels, const View& view) {
  const T* in = voxels.data<T>().data();
  const auto out = std::make_unique_for_overwrite<T[]>(static_cast<size_t>(voxels.numel()));
  const int last = view.shape.ndim() - 1;
  const int64_t rows = view.shape[last - 1], width = view.shape[last];
  const int64_t plane = rows * width;
  const int64_t down = view.strides[last - 1], right = view.strides[last];
  cpu::parallel_for(plane == 0 ? 0 : voxels.numel() / plane, false, [&](int64_t item) {
    int64_t start = view.offset, rest = item;
    for (int axis = last - 2; axis >= 0; --axis) {
      start += rest % view.shape[axis] * view.strides[axis];
      rest /= view.shape[axis];
    }
    T* to = out.get() + item * plane;
    for (int64_t h = 0; h < rows; ++h) {
      const T* from = in + start + h * down;
      for (int64_t w = 0; w < width; ++w) to[h * width + w] = from[w * right];
    }
  });
  return from_bytes(out.get(), view.shape, voxels.dtype());
}

}  // namespace

Volume reorient(const Volume& volume, const std::string& codes) {
  check_codes(codes);
  const Shape& shape = volume.voxels.eval().shape();
  require(shape.ndim() >= 3, "reorient: a volume [D, H, W] is needed, got {}", shape);
  const std::string now = axis_codes(volume.geometry);
  const int front = shape.ndim() - 3;
  View view{shape, row_major_strides(shape)};
  const Shape strides = view.strides;
  Matrix4 old_index = {};  // takes (d, h, w, 1) of the result to those of the volume
  old_index[15] = 1;
  for (size_t target = 0; target < 3; ++target) {
    size_t source = 0;
    while (world_axis(now[source]) != world_axis(codes[target])) ++source;
    // Letters are in the order of the file, axes in that of tensors.
    const size_t to = 2 - target, from = 2 - source;
    const int axis = front + static_cast<int>(to), old_axis = front + static_cast<int>(from);
    const bool flip = now[source] != codes[target];
    const int64_t last = shape[old_axis] - 1;
    view.shape[axis] = shape[old_axis];
    view.strides[axis] = flip ? -strides[old_axis] : strides[old_axis];
    old_index[4 * from + to] = flip ? -1 : 1;
    if (!flip) continue;
    view.offset += last * strides[old_axis];
    old_index[4 * from + 3] = static_cast<double>(last);
  }
  Volume result{{}, {}, volume.stored};
  dispatch(volume.voxels.dtype(),
           [&]<class T>(T) { result.voxels = copy<T>(volume.voxels, view); });
  result.geometry.affine = multiply(volume.geometry.affine, old_index);
  for (double& value : result.geometry.affine) value += 0;  // turns -0 into 0
  for (size_t to = 0; to < 3; ++to) {
    for (size_t from = 0; from < 3; ++from) {
      if (old_index[4 * from + to] != 0) {
        result.geometry.spacing[to] = volume.geometry.spacing[from];
      }
    }
  }
  return result;
}

}  // namespace tessera::io
