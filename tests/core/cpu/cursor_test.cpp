#include "core/cpu/cursor.h"

#include <vector>

#include <doctest/doctest.h>

using namespace tessera;
using namespace tessera::cpu;

TEST_SUITE("core/cpu/cursor") {
  TEST_CASE("a walk continues where the last tile ended") {
    Cursor cursor{{2, 3, 4}};
    for (const int64_t n : {5, 1, 9, 7, 2}) {
      const int64_t begin = std::max<int64_t>(0, cursor.next);
      cursor.seek(begin, n);
      CHECK((cursor.index[0] * 3 + cursor.index[1]) * 4 + cursor.index[2] == begin);
      CHECK(cursor.index[1] < 3);
      CHECK(cursor.index[2] < 4);
    }
    cursor.seek(3, 1);
    CHECK(cursor.index[2] == 3);
  }

  TEST_CASE("runs along the last axis cover a tile in order") {
    Cursor cursor{{2, 3, 4}};
    Linear flipped;  // position in an array [2, 3, 4] whose last axis is read backwards
    flipped.coef = {12, 4, -1};
    flipped.offset = 3;
    cursor.seek(6, 11);
    std::vector<int64_t> read;
    cursor.for_runs(flipped, 11, [&](int64_t value, int64_t step, int64_t place, int64_t length) {
      CHECK(place == static_cast<int64_t>(read.size()));
      for (int64_t k = 0; k < length; ++k) read.push_back(value + k * step);
    });
    CHECK(read == std::vector<int64_t>{5, 4, 11, 10, 9, 8, 15, 14, 13, 12, 19});
    CHECK(cursor.value_of(flipped) == 5);
  }

  TEST_CASE("rows are trailing axes, or equal parts of one") {
    CHECK(space_of_rows({2, 3, 4}, 12) == Shape{2});
    CHECK(space_of_rows({2, 12}, 4) == Shape{2, 3});
    Linear form;
    form.coef = {100, 1};
    CHECK(row_form({2, 12}, {2, 3}, form).coef[1] == 4);
  }
}
