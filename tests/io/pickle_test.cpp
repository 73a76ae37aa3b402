#include "io/pickle.h"

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;
using io::Pickle;
using Kind = io::PickleValue::Kind;

namespace {

Pickle::Index add(Pickle& pickle, Kind kind, std::string_view text, int64_t integer = 0) {
  io::PickleValue value;
  value.kind = kind;
  value.text = text;
  value.integer = integer;
  return pickle.add(value);
}

}  // namespace

TEST_SUITE("io/pickle") {
  TEST_CASE("dicts are searched by text; the last entry counts") {
    Pickle pickle("x", 10000);
    const auto dict = pickle.add(Kind::dict);
    for (const auto item : {add(pickle, Kind::text, "a"), add(pickle, Kind::integer, "", 1),
                            add(pickle, Kind::integer, "", 5), add(pickle, Kind::integer, "", 2),
                            add(pickle, Kind::text, "a"), add(pickle, Kind::integer, "", 3)}) {
      pickle.append(dict, item);
    }
    REQUIRE(pickle.find(pickle[dict], "a") != nullptr);
    CHECK(pickle.find(pickle[dict], "a")->integer == 3);
    CHECK(pickle.find(pickle[dict], "b") == nullptr);
    CHECK(pickle.find(pickle[pickle.add(Kind::list)], "a") == nullptr);
    CHECK(pickle.size() == 8);
  }

  TEST_CASE("shapes and items are checked") {
    Pickle pickle("x", 10000);
    const auto two = add(pickle, Kind::integer, "", 2);
    CHECK(pickle.shape(pickle[pickle.add(Kind::tuple, {two, two})]) == Shape{2, 2});
    CHECK(pickle.shape(pickle[pickle.add(Kind::list)]) == Shape{});
    CHECK_THROWS_WITH_AS(pickle.shape(pickle[two]), "x: a shape must be a tuple, got an integer",
                         Error);
    const auto nine = pickle.add(Kind::tuple, std::vector<Pickle::Index>(9, two));
    CHECK_THROWS_AS(pickle.shape(pickle[nine]), Error);
    const auto none = pickle.add(Kind::tuple, {pickle.add(Kind::none)});
    CHECK_THROWS_WITH_AS(pickle.shape(pickle[none]), "x: a shape must be an integer in place 0",
                         Error);
    CHECK_THROWS_AS(pickle.item(pickle[none], 1, Kind::none, "it"), Error);
    CHECK_THROWS_AS(pickle.item(pickle[two], 0, Kind::none, "it"), Error);
  }

  TEST_CASE("values take no more than the limit") {
    Pickle pickle("x", 3 << 20);
    CHECK(pickle.keep("abc") == "abc");
    const auto fill = [&] {
      while (true) pickle.add(Kind::list);
    };
    CHECK_THROWS_WITH_AS(fill(), "x: its values need more than 3 MiB", Error);
    CHECK(pickle.size() < (3 << 20) / sizeof(io::PickleValue));
    CHECK_THROWS_AS(pickle.keep(std::string(1000, 'a')), Error);
  }
}
