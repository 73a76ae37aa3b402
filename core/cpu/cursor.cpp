#include "core/cpu/cursor.h"

#include "core/index.h"

namespace tessera::cpu {

using detail::at;

// Tiles mostly follow one another, which saves the divisions.
void Cursor::seek(int64_t begin, int64_t n) {
  const int last = space.ndim() - 1;
  if (begin == next && last >= 0) {
    index[at(last)] += length;
    for (int k = last; k > 0 && index[at(k)] >= space[k]; --k) {
      const int64_t carry = index[at(k)] / space[k];
      index[at(k)] -= carry * space[k];
      index[at(k - 1)] += carry;
    }
  } else {
    int64_t rest = begin;
    for (int k = last; k >= 0; --k) {
      index[at(k)] = rest % space[k];
      rest /= space[k];
    }
  }
  next = begin + n;
  length = n;
}

int64_t Cursor::value_of(const Linear& form) const {
  int64_t value = form.offset;
  for (int k = 0; k < space.ndim(); ++k) value += index[at(k)] * form.coef[at(k)];
  return value;
}

Shape space_of_rows(const Shape& space, int64_t row) {
  int kept = space.ndim();
  while (kept > 0 && row > 1 && space[kept - 1] <= row) row /= space[--kept];
  Shape rows = space.slice(0, kept);
  if (row > 1) rows[kept - 1] /= row;
  return rows;
}

Linear row_form(const Shape& space, const Shape& rows, const Linear& form) {
  Linear result;
  result.offset = form.offset;
  for (int k = 0; k < rows.ndim(); ++k)
    result.coef[at(k)] = rows[k] == 0 ? 0 : form.coef[at(k)] * (space[k] / rows[k]);
  return result;
}

}  // namespace tessera::cpu
