#include "core/memory_format.h"

#include <doctest/doctest.h>

using namespace tessera;

TEST_SUITE("core/memory_format") {
  TEST_CASE("the channel runs fastest in channels-last arrays of three or more axes") {
    using enum MemoryFormat;
    CHECK(memory_order(4, channels_last) == Shape{0, 2, 3, 1});
    CHECK(strides_of({2, 3, 5, 7}, channels_last) == Shape{105, 1, 21, 3});
    CHECK(strides_of({2, 3, 5, 7}, row_major) == row_major_strides({2, 3, 5, 7}));
    CHECK(memory_order(3, channels_last) == Shape{0, 2, 1});
    CHECK(memory_order(2, channels_last) == Shape{0, 1});
    CHECK(memory_order(0, channels_last) == Shape{});
    CHECK(strides_of({4, 3}, channels_last) == Shape{3, 1});
  }

  TEST_CASE("formats that are the same") {
    CHECK(same_in_both_formats({2, 3}));
    CHECK(same_in_both_formats({2, 1, 4, 5}));
    CHECK(same_in_both_formats({2, 3, 1, 1}));
    CHECK(!same_in_both_formats({2, 3, 1, 2}));
    CHECK(!same_in_both_formats({1, 3, 4}));
  }
}
