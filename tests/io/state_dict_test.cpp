#include "io/state_dict.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "core/error.h"
#include "io/bytes.h"

using namespace tessera;
using io::Pickle;
using Index = Pickle::Index;
using Kind = io::PickleValue::Kind;

namespace {

// A pickle made by hand, and a storage "s" of four floats.
struct Checkpoint {
  Pickle pickle{"x", 1 << 20};
  std::string floats;

  Checkpoint() {
    for (const float value : {0.f, 1.f, 2.f, 3.f}) floats += io::bytes_of(value);
  }
  Index integer(int64_t number) {
    io::PickleValue value;
    value.kind = Kind::integer;
    value.integer = number;
    return pickle.add(value);
  }
  Index text(std::string_view text, Kind kind = Kind::text) {
    io::PickleValue value;
    value.kind = kind;
    value.text = text;
    return pickle.add(value);
  }
  Index tuple(const std::vector<int64_t>& numbers) {
    const Index tuple = pickle.add(Kind::tuple);
    for (const int64_t number : numbers) pickle.append(tuple, integer(number));
    return tuple;
  }
  Index tensor(const std::vector<int64_t>& size, const std::vector<int64_t>& stride, int64_t offset,
               std::string_view key = "s") {
    io::PickleValue value;
    value.kind = Kind::tensor;
    value.integer = offset;
    value.items = {text(key, Kind::storage), tuple(size), tuple(stride)};
    return pickle.add(value);
  }
  Index dict(const std::vector<std::pair<std::string_view, Index>>& entries) {
    const Index dict = pickle.add(Kind::dict);
    for (const auto& [key, value] : entries) {
      pickle.append(dict, text(key));
      pickle.append(dict, value);
    }
    return pickle.root = dict;
  }
  io::Archive read() const {
    return io::state_dict_of(pickle, [&](std::string_view key) -> std::string_view {
      if (key != "s") fail("x: no storage");
      return floats;
    });
  }
};

}  // namespace

TEST_SUITE("io/state_dict") {
  TEST_CASE("tensors are found in the usual places") {
    for (const char* wrapper : {"state_dict", "model", "net"}) {
      Checkpoint c;
      const Index weights =
          c.dict({{"a.weight", c.tensor({2}, {2}, 1)}, {"version", c.integer(1)}});
      const Index module = c.dict({{"state_dict", weights}});
      const Index scores = c.tensor({4}, {1}, 0);
      c.dict(
          {{"epoch", c.integer(3)}, {"name", c.text("run")}, {"dice", scores}, {wrapper, module}});
      const io::Archive archive = c.read();
      REQUIRE(archive.tensors.size() == 1);
      CHECK(archive.tensors.at("a.weight").to_vector<double>() == std::vector<double>{1, 3});
      CHECK(archive.metadata.at("epoch") == "3");
      CHECK(archive.metadata.at("name") == "run");
      CHECK(archive.metadata.size() == 2);
    }
  }

  TEST_CASE("names in nested dicts are joined") {
    Checkpoint c;
    const Index inner = c.dict({{"weight", c.tensor({1}, {1}, 0)}});
    c.dict({{"encoder", inner}, {"decoder", c.dict({{"head", inner}})}});
    const io::Archive archive = c.read();
    CHECK(archive.tensors.count("encoder.weight") == 1);
    CHECK(archive.tensors.count("decoder.head.weight") == 1);
  }

  TEST_CASE("equal views share their memory; many different ones are refused") {
    Checkpoint c;
    std::vector<std::pair<std::string_view, Index>> entries;
    entries.reserve(106);
    c.floats = std::string(4 << 20, '\0');
    for (int i = 0; i < 100; ++i) {
      entries.emplace_back(c.pickle.keep(fmt::format("t{}", i)), c.tensor({1 << 20}, {1}, 0));
    }
    c.dict(entries);
    const io::Archive archive = c.read();
    CHECK(archive.tensors.at("t0").node() == archive.tensors.at("t99").node());
    for (int i = 0; i < 6; ++i) {
      entries.emplace_back(c.pickle.keep(fmt::format("u{}", i)),
                           c.tensor({(1 << 20) - i - 1}, {1}, 0));
    }
    c.dict(entries);
    CHECK_THROWS_WITH_AS(c.read(), doctest::Contains("overlap too often"), Error);
  }

  TEST_CASE("views beyond their storage are refused") {
    for (const auto& [size, stride, offset] :
         {std::tuple(std::vector<int64_t>{5}, std::vector<int64_t>{1}, int64_t{0}),
          {{2}, {1}, 3},
          {{2}, {1}, -1},
          {{2}, {-1}, 3},
          {{-2}, {1}, 0},
          {{2, 2}, {1}, 0},
          {{int64_t{1} << 40}, {0}, 0},
          {{2}, {int64_t{1} << 62}, 0}}) {
      Checkpoint c;
      c.dict({{"a", c.tensor(size, stride, offset)}});
      CHECK_THROWS_WITH_AS(c.read(), doctest::Contains("x: tensor \"a\": "), Error);
    }
    Checkpoint c;
    c.dict({{"a", c.tensor({1}, {1}, 0, "other")}});
    CHECK_THROWS_WITH_AS(c.read(), "x: no storage", Error);
  }

  TEST_CASE("arrays with permuted axes") {
    for (const auto& [axes, good] : {std::pair(std::vector<int64_t>{1, 0}, true),
                                     {{0, 0}, false},
                                     {{0}, false},
                                     {{2, 0}, false},
                                     {{-1, 0}, false}}) {
      Checkpoint c;
      c.pickle.length = 100;
      io::PickleValue array;
      array.kind = Kind::array;
      array.items = {c.tuple({1, 4}), c.text(c.floats, Kind::bytes), c.tuple(axes)};
      c.dict({{"a", c.pickle.add(array)}});
      if (good) {
        CHECK(c.read().tensors.at("a").shape() == Shape{4, 1});
      } else {
        CHECK_THROWS_WITH_AS(c.read(), doctest::Contains("is no order of 2 axes"), Error);
      }
    }
  }

  TEST_CASE("a checkpoint without tensors says what it has") {
    Checkpoint c;
    c.dict({{"epoch", c.integer(3)}, {"model", c.pickle.add(Kind::none)}});
    CHECK_THROWS_WITH_AS(c.read(),
                         "x: no tensors are found; it has \"epoch\" (an integer), \"model\" (None)",
                         Error);
    c.pickle.root = c.integer(1);
    CHECK_THROWS_WITH_AS(c.read(), "x: a checkpoint must be a dict of tensors, got an integer",
                         Error);
  }

  TEST_CASE("dicts that multiply and names that grow are refused") {
    Checkpoint c;
    Index dict = c.dict({{"x", c.tensor({1}, {1}, 0)}});
    for (int depth = 0; depth < 12; ++depth) {
      dict = c.dict({{"a", dict}, {"b", dict}, {"c", dict}, {"d", dict}});
    }
    CHECK_THROWS_WITH_AS(c.read(), "x: dicts are used too often", Error);
    const std::string name(600, 'n');
    const Index inner = c.dict({{name, c.tensor({1}, {1}, 0)}});
    c.dict({{name, inner}, {"note", c.text(c.pickle.keep(std::string(5000, 't')))}});
    CHECK_THROWS_WITH_AS(c.read(), "x: a name is longer than 1000 bytes", Error);
    c.dict({{"a", inner}, {"note", c.text(c.pickle.keep(std::string(5000, 't')))}});
    CHECK(c.read().metadata.empty());
  }

  TEST_CASE("a dict that contains itself is refused") {
    Checkpoint c;
    const Index dict = c.dict({});
    c.pickle.append(dict, c.text("model"));
    c.pickle.append(dict, dict);
    CHECK_THROWS_AS(c.read(), Error);
  }
}
