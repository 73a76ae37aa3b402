#include "ops/window.h"

#include <doctest/doctest.h>

using namespace tessera;
using namespace tessera::detail;

namespace {

std::vector<int64_t> positions(const Span& span) {
  std::vector<int64_t> result;
  for (int64_t i = span.begin; i < span.end; i += span.step) result.push_back(i);
  CHECK(static_cast<int64_t>(result.size()) == span.inside());
  return result;
}

using Positions = std::vector<int64_t>;

}  // namespace

TEST_SUITE("ops/window") {
  TEST_CASE("a sliding window sees what lies in the input, and counts its padding") {
    const WindowAxis axis{
        .extent = 5, .outputs = 4, .kernel = 3, .stride = 2, .before = 1, .after = 1};
    CHECK(positions(axis.span(0)) == Positions{0, 1});
    CHECK(positions(axis.span(1)) == Positions{1, 2, 3});
    CHECK(positions(axis.span(2)) == Positions{3, 4});
    CHECK(positions(axis.span(3)).empty());
    CHECK(axis.span(0).padded == 3);
    CHECK(axis.span(2).padded == 3);
    CHECK(axis.span(3).padded == 1);
  }

  TEST_CASE("dilation skips positions") {
    const WindowAxis axis{.extent = 7,
                          .outputs = 3,
                          .kernel = 3,
                          .stride = 3,
                          .dilation = 2,
                          .before = 3,
                          .after = 2};
    CHECK(positions(axis.span(0)) == Positions{1});
    CHECK(positions(axis.span(1)) == Positions{0, 2, 4});
    CHECK(positions(axis.span(2)) == Positions{3, 5});
    const WindowAxis miss{
        .extent = 1, .outputs = 1, .kernel = 2, .dilation = 2, .before = 1, .after = 1};
    CHECK(positions(miss.span(0)).empty());
    CHECK(miss.span(0).padded == 2);
  }

  TEST_CASE("adaptive windows cover the input, whatever its size") {
    const WindowAxis axis{.extent = 7, .outputs = 3, .adaptive = true};
    CHECK(positions(axis.span(0)) == Positions{0, 1, 2});
    CHECK(positions(axis.span(1)) == Positions{2, 3, 4});
    CHECK(positions(axis.span(2)) == Positions{4, 5, 6});
    const WindowAxis finer{.extent = 2, .outputs = 3, .adaptive = true};
    CHECK(positions(finer.span(1)) == Positions{0, 1});
    const int64_t huge = int64_t{1} << 45, many = int64_t{1} << 30;
    const WindowAxis large{.extent = huge + 1, .outputs = many, .adaptive = true};
    CHECK(large.span(0).begin == 0);
    CHECK(large.span(many - 1).end == huge + 1);
  }
}
