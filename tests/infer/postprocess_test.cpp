#include "infer/postprocess.h"

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;

namespace {

// Digits as classes, rows of `width`.
std::vector<int32_t> labels(const std::string& digits) {
  std::vector<int32_t> out;
  for (const char digit : digits) {
    if (digit != ' ') out.push_back(digit == '.' ? 0 : digit - '0');
  }
  return out;
}

std::vector<int32_t> applied(const std::string& text, const std::string& digits,
                             const Shape& shape = {4, 6}) {
  std::vector<int32_t> out = labels(digits);
  infer::apply_(out, shape, 3, infer::parse_postprocess(text));
  return out;
}

const std::string kPicture =
    "11..22"
    "11...2"
    "..1..."
    "2....1";

}  // namespace

TEST_SUITE("infer/postprocess") {
  TEST_CASE("the largest part of each class, of one, and of all together") {
    CHECK(applied("largest", kPicture) == labels("11..22 11...2 ..1... ......"));
    CHECK(applied("largest(class=2)", kPicture) == labels("11..22 11...2 ..1... .....1"));
    CHECK(applied("largest(together=true)", kPicture) == labels("11.... 11.... ..1... ......"));
    // The first of equal ones; classes that do not occur are no mistake.
    CHECK(applied("largest", "1.1", {1, 3}) == labels("1.."));
    CHECK(applied("largest", "...", {1, 3}) == labels("..."));
  }

  TEST_CASE("parts below a size") {
    CHECK(applied("min_size(2)", kPicture) == labels("11..22 11...2 ..1... ......"));
    CHECK(applied("min_size(4)", kPicture) == labels("11.... 11.... ..1... ......"));
    CHECK(applied("min_size(4, together=true)", kPicture) == labels("11.... 11.... ..1... ......"));
  }

  TEST_CASE("holes are filled, also in a volume, but not through a diagonal gap's wall") {
    const std::string ring =
        "1111.."
        "1..1.."
        "1.21.."
        "1111..";
    CHECK(applied("fill_holes(class=1)", ring) == labels("1111.. 1111.. 1121.. 1111.."));
    // A corner is enough to close a wall in two dimensions.
    CHECK(applied("fill_holes", ".1.1.1.1.", {3, 3}) == labels(".1.111.1."));
    CHECK(applied("fill_holes",
                  "1.1"
                  "111"
                  "111",
                  {3, 3}) == labels("1.1111111"));
    std::vector<int32_t> cube(27, 1);
    cube[13] = 0;
    infer::apply_(cube, {3, 3, 3}, 2, infer::parse_postprocess("fill_holes"));
    CHECK(cube == std::vector<int32_t>(27, 1));
  }

  TEST_CASE("text and back, in order") {
    for (const char* text : {"", "largest", "min_size(50, class=2) + fill_holes",
                             "largest(together=true) + largest(class=1) + min_size(3)"}) {
      CHECK(infer::to_text(infer::parse_postprocess(text)) == text);
    }
    CHECK_THROWS_WITH_AS(infer::parse_postprocess("larges"), doctest::Contains("'largest'?"),
                         Error);
    CHECK_THROWS_WITH_AS(infer::parse_postprocess("min_size"), doctest::Contains("needs a size"),
                         Error);
    CHECK_THROWS_WITH_AS(infer::parse_postprocess("2*largest"), doctest::Contains("factor"), Error);
    CHECK_THROWS_WITH_AS(infer::parse_postprocess("largest(class=1,together=true)"),
                         doctest::Contains("either"), Error);
    CHECK_THROWS_WITH_AS(applied("largest(class=3)", kPicture), doctest::Contains("only 3 classes"),
                         Error);
    CHECK_THROWS_WITH_AS(applied("largest", kPicture, {5, 5}), doctest::Contains("do not fill"),
                         Error);
  }

  TEST_CASE("what helps on cases that are known is taken, what does not is not") {
    const Shape shape{4, 6};
    const std::vector<infer::Judged> cases = {
        {shape, labels("11..22 11..22 ...... ...2.1"), labels("11..22 11..22 ...... ......")},
        {shape, labels(".1..22 .1..22 ...... 2....1"), labels(".1..22 .1..22 ...... 2.....")},
    };
    const auto trials = infer::choose_postprocess(cases, 3);
    const infer::Postprocess chosen = infer::taken(trials);
    CHECK(infer::to_text(chosen) == "largest(class=1)");
    for (const infer::Trial& trial : trials) CHECK(trial.taken == (trial.after > trial.before));
    CHECK(infer::taken(infer::choose_postprocess(cases, 3, -100, 1)).steps.empty());
  }
}
