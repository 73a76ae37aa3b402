#include "core/access.h"

#include <algorithm>

namespace tessera {

Access Access::identity(const Shape& shape) {
  return broadcast(shape, shape);
}

Access Access::permuted(const Shape& array, const Shape& order) {
  Access access{{}, array, {}};
  for (int k = 0; k < array.ndim(); ++k) {
    const auto axis = static_cast<size_t>(order[k]);
    access.space.push_back(array[static_cast<int>(axis)]);
    if (access.space[k] != 1) access.axis[axis].coef[static_cast<size_t>(k)] = 1;
  }
  return access;
}

Access Access::broadcast(const Shape& space, const Shape& array) {
  Access access{space, array, {}};
  const int shift = space.ndim() - array.ndim();
  for (int j = 0; j < array.ndim(); ++j) {
    const bool stretched = array[j] == 1;
    if (!stretched) access.axis[static_cast<size_t>(j)].coef[static_cast<size_t>(j + shift)] = 1;
  }
  return access;
}

bool Access::operator==(const Access& other) const {
  return space == other.space && array == other.array &&
         std::equal(axis.begin(), axis.begin() + array.ndim(), other.axis.begin());
}

bool Access::is_identity() const {
  return space == array && *this == identity(space);
}

Access Access::then(const Access& next) const {
  Access result{space, next.array, {}};
  for (size_t j = 0; j < static_cast<size_t>(next.array.ndim()); ++j) {
    Linear& form = result.axis[j];
    form.offset = next.axis[j].offset;
    for (size_t m = 0; m < static_cast<size_t>(array.ndim()); ++m) {
      const int64_t factor = next.axis[j].coef[m];
      if (factor == 0) continue;
      form.offset += factor * axis[m].offset;
      for (size_t k = 0; k < static_cast<size_t>(space.ndim()); ++k)
        form.coef[k] += factor * axis[m].coef[k];
    }
  }
  return result;
}

Linear Access::flat(MemoryFormat format) const {
  const Shape strides = strides_of(array, format);
  Linear form;
  for (int j = 0; j < array.ndim(); ++j) {
    const Linear& index = axis[static_cast<size_t>(j)];
    form.offset += strides[j] * index.offset;
    for (size_t k = 0; k < static_cast<size_t>(space.ndim()); ++k)
      form.coef[k] += strides[j] * index.coef[k];
  }
  return form;
}

Range range_of(const Linear& form, const Shape& space) {
  Range range{form.offset, form.offset};
  for (int k = 0; k < space.ndim(); ++k) {
    const int64_t reach = form.coef[static_cast<size_t>(k)] * (space[k] - 1);
    (reach < 0 ? range.low : range.high) += reach;
  }
  return range;
}

// Splits a form with values in [0, outer * inner) into quotient and remainder by `inner`, when both
// are linear: every coefficient is either a multiple of `inner` or stays below it together with
// all others of its kind.
static bool split(const Linear& form, const Shape& space, int64_t inner, Linear& quotient,
                  Linear& remainder) {
  quotient = {};
  remainder = {};
  for (size_t k = 0; k < static_cast<size_t>(space.ndim()); ++k) {
    if (space[static_cast<int>(k)] == 1) continue;  // the index is always 0
    if (form.coef[k] % inner == 0) {
      quotient.coef[k] = form.coef[k] / inner;
    } else {
      remainder.coef[k] = form.coef[k];
    }
  }
  quotient.offset = form.offset / inner - (form.offset % inner < 0 ? 1 : 0);
  remainder.offset = form.offset - quotient.offset * inner;
  // A remainder that leaves [0, inner) can be moved by whole multiples of `inner` only.
  const Range range = range_of(remainder, space);
  if (range.low >= 0 && range.high < inner) return true;
  const int64_t shift = range.low >= 0 ? range.low / inner : -((-range.low + inner - 1) / inner);
  quotient.offset += shift;
  remainder.offset -= shift * inner;
  return range.low - shift * inner >= 0 && range.high - shift * inner < inner;
}

std::optional<Access> Access::reshaped(const Shape& target) const {
  if (target == array) return *this;
  if (space.numel() == 0 || array.numel() == 0) return std::nullopt;
  Access result{space, target, {}};
  // Walk both shapes from the back, matching runs of axes with equal products: each run of the old
  // array is merged into one form, and that is split over the run's new axes.
  int j = array.ndim() - 1, t = target.ndim() - 1;
  while (j >= 0 || t >= 0) {
    Linear merged;
    int64_t old_extent = 1, new_extent = 1;
    const auto take = [&] {
      const Linear& form = axis[static_cast<size_t>(j)];
      merged.offset += old_extent * form.offset;
      for (size_t k = 0; k < static_cast<size_t>(space.ndim()); ++k)
        merged.coef[k] += old_extent * form.coef[k];
      old_extent *= array[j--];
    };
    if (j >= 0) take();
    const int last = t;
    if (t >= 0) new_extent *= target[t--];
    while (old_extent != new_extent) {
      if (old_extent < new_extent) {
        take();
      } else {
        new_extent *= target[t--];
      }
    }
    for (int axis_index = last; axis_index > t; --axis_index) {
      Linear& form = result.axis[static_cast<size_t>(axis_index)];
      if (axis_index == t + 1) {
        form = merged;
        break;
      }
      Linear quotient;
      if (!split(merged, space, target[axis_index], quotient, form)) return std::nullopt;
      merged = quotient;
    }
  }
  return result;
}

}  // namespace tessera
