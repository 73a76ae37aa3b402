#include "core/profile.h"

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "ops/unary.h"

using namespace tessera;

TEST_SUITE("core/profile") {
  TEST_CASE("each kernel has a row with its work and the line of the user") {
    const Tensor x = tensor({1, 2, 3, 4}, {4});
    const Profile profile;
    for (int i = 0; i < 3; ++i) exp(x * x + 1.0).eval();
    const std::vector<ProfileRow> rows = profile.rows();
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].name == "mul add exp");
    CHECK(rows[0].shape == "f32 [4]");
    CHECK(rows[0].line.find("profile_test.cpp:") == 0);
    CHECK(rows[0].calls == 3);
    CHECK(rows[0].seconds > 0);
    CHECK(rows[0].bytes == 3 * (16 + 16));
    CHECK(rows[0].flops == 3 * 3 * 4);
  }

  TEST_CASE("the table holds the rows that take most time and totals") {
    const Tensor x = tensor({1, 2, 3, 4}, {2, 2});
    const Profile profile;
    exp(x).eval();
    sum(x).eval();
    const std::string table = profile.str();
    INFO(table);
    CHECK(table.find("what") == 0);
    CHECK(table.find("\nexp ") != std::string::npos);
    CHECK(table.find("\nsum ") != std::string::npos);
    CHECK(table.find("in 2 calls of 2 kernels") != std::string::npos);
    CHECK(profile.str(1).find("... and 1 more") != std::string::npos);
  }

  TEST_CASE("a trace is JSON with one event for each step") {
    const Tensor x = tensor({1, 2}, {2});
    const Profile profile;
    exp(x).eval();
    neg(x).eval();
    const auto path = std::filesystem::temp_directory_path() / "tessera_profile_test.json";
    profile.write_trace(path.string());
    std::ifstream file(path);
    const nlohmann::json trace = nlohmann::json::parse(file);
    std::filesystem::remove(path);
    const auto& events = trace.at("traceEvents");
    REQUIRE(events.size() == 2);
    CHECK(events[0].at("name") == "exp");
    CHECK(events[0].at("ph") == "X");
    CHECK(events[0].at("args").at("bytes") == 16);
    CHECK(events[1].at("name") == "neg");
    CHECK(events[1].at("ts").get<double>() >=
          events[0].at("ts").get<double>() + events[0].at("dur").get<double>() - 0.01);
    CHECK_THROWS_WITH_AS(profile.write_trace(path.string() + "/none/trace.json"),
                         doctest::Contains("could not be written"), Error);
  }

  TEST_CASE("profiles nest and end with their scope") {
    const Tensor x = tensor({1, 2}, {2});
    const Profile outer;
    {
      const Profile inner;
      exp(x).eval();
      CHECK(inner.rows().size() == 1);
    }
    neg(x).eval();
    CHECK(outer.rows().size() == 2);
  }
}
