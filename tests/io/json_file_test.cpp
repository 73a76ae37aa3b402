#include "io/json_file.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/io/damage.h"

using namespace tessera;
using io::Json;

TEST_SUITE("io/json_file") {
  TEST_CASE("what is saved is loaded again") {
    const testing::TemporaryFile file("x.json");
    const Json json = {{"a", {1, 2.5, "three", nullptr, true}}, {"b", Json::object()}};
    io::save_json(json, file.path());
    CHECK(io::load_json(file.path()) == json);
  }

  TEST_CASE("errors name file and line") {
    const testing::TemporaryFile file("bad.json");
    const auto load = [](const auto& path) { io::load_json(path); };
    testing::check_refused(file, "{\n \"a\": 1,\n \"b\" 2}", load, "bad.json:3: not valid JSON");
    testing::check_refused(file, "", load, "bad.json:1: not valid JSON");
    testing::check_refused(file, "[1e999]", load, "not valid JSON");
    testing::check_refused(file, "\"\xff\"", load, "not valid JSON");
    testing::check_refused(file, std::string(1000000, '['), load, "nested more than 100 deep");
    std::string deep;
    for (int i = 0; i < 100000; ++i) deep += "{\"a\":";
    testing::check_refused(file, deep, load, "nested more than 100 deep");
    testing::check_survives_damage(
        R"({"a": [1, 2.5e3, "th\u0041ree", null, true], "b": {"c": -7}})", file, load);
  }

  TEST_CASE("fields") {
    const Json json = Json::parse(R"({"n": 3, "x": 0.5, "s": "t", "b": true, "l": ["u", "v"],
                                      "huge": 18446744073709551615})");
    CHECK(io::field<int64_t>(json, "n", "f") == 3);
    CHECK(io::field<double>(json, "n", "f") == 3);
    CHECK(io::field<double>(json, "x", "f") == 0.5);
    CHECK(io::field<bool>(json, "b", "f"));
    CHECK(io::field<std::string>(json, "s", "f") == "t");
    CHECK(io::field<std::vector<std::string>>(json, "l", "f") ==
          std::vector<std::string>{"u", "v"});
    CHECK(io::field<int64_t>(json, "none", 7, "f") == 7);
    CHECK_THROWS_WITH_AS(io::field<int64_t>(json, "none", "f"), "f: the field \"none\" is missing",
                         Error);
    CHECK_THROWS_WITH_AS(io::field<int64_t>(json, "x", "f"),
                         "f: \"x\" must be a whole number, got 0.5", Error);
    CHECK_THROWS_AS(io::field<int64_t>(json, "huge", "f"), Error);
    CHECK_THROWS_AS(io::field<int64_t>(json, "s", 7, "f"), Error);
    CHECK_THROWS_AS(io::field<std::vector<int64_t>>(json, "l", "f"), Error);
    CHECK_THROWS_WITH_AS(io::field<int64_t>(Json(1), "n", "f"),
                         "f must be an object with the field \"n\", got 1", Error);
  }
}
