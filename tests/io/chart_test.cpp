#include "io/chart.h"

#include <cmath>
#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/text.h"
#include "tests/xml.h"

using namespace tessera;
using io::to_svg;
using testing::count;
using testing::xml_error;

TEST_SUITE("io/chart") {
  TEST_CASE("lines, legend, marks") {
    const std::string svg =
        to_svg(io::LineChart{"Loss",
                             "epoch",
                             "loss",
                             {{"training", {1, 0.5, 0.25}}, {"validation", {1, 0.5, 0.75}}},
                             false,
                             0.0,
                             1.0,
                             {{2, "best"}}});
    CHECK(xml_error(svg) == "");
    CHECK(count(svg, "d=\"M52.0 56.0L259.0 161.0L466.0 213.5\"") == 1);
    CHECK(count(svg, ">training</text>") == 1);
    CHECK(count(svg, ">validation</text>") == 1);
    CHECK(count(svg, ">best</text>") == 1);
    CHECK(count(svg, "M259.0 56.0L259.0 266.0") == 1);
    for (const char* label : {"0", "1.0", "3", "epoch", "loss"}) {
      CHECK(count(svg, std::string(">").append(label).append("</text>")) == 1);
    }
  }

  TEST_CASE("NaN is a gap, a lone number a dot") {
    io::LineChart chart;
    chart.series = {{"x", {0, 1, NAN, 1, INFINITY, 0, 1}}};
    const std::string svg = to_svg(chart);
    CHECK(xml_error(svg) == "");
    CHECK(count(svg, "\"M52.0 266.0L121.0 56.0M397.0 266.0L466.0 56.0\"") == 1);
    CHECK(count(svg, "\"M259.0 56.0h0\"") == 1);
    chart.log_y = true;
    chart.series[0].y = {0, 1, -1, 10};
    const std::string log = to_svg(chart);
    CHECK(count(log, "h0") == 2);
  }

  TEST_CASE("numbers beyond a fixed axis are drawn on its edge") {
    io::LineChart chart;
    chart.series = {{"x", {-7, 0.5, 1e9}}};
    chart.y_low = 0;
    chart.y_high = 1;
    CHECK(count(to_svg(chart), "M52.0 266.0L259.0 161.0L466.0 56.0\"") == 1);
  }

  TEST_CASE("nothing to show") {
    CHECK(xml_error(to_svg(io::LineChart{})) == "");
    CHECK(xml_error(to_svg(io::StripChart{})) == "");
    io::LineChart chart;
    chart.series = {{"", {}}, {"nan", {NAN, NAN}}};
    CHECK(xml_error(to_svg(chart)) == "");
    CHECK(count(to_svg(chart), "no data yet") == 1);
    CHECK(count(to_svg(io::StripChart{"", "", {{"a", {}}, {"b", {NAN}}}}), "no case") == 2);
  }

  TEST_CASE("names are escaped") {
    const std::string name = "</title><script>&\"'\x01";
    io::LineChart chart{name, name, name, {{name, {1, 2}}}, false, {}, {}, {{1, name}}};
    CHECK(xml_error(to_svg(chart)) == "");
    CHECK(count(to_svg(chart), "<script") == 0);
    CHECK(xml_error(to_svg(io::StripChart{name, name, {{name, {0.5}}}})) == "");
  }

  TEST_CASE("long series stay small and keep their peaks") {
    io::LineChart chart;
    chart.series = {{"x", {}}};
    for (int i = 0; i < 100'000; ++i) chart.series[0].y.push_back(i == 54'321 ? 9 : std::sin(i));
    const std::string svg = to_svg(chart);
    CHECK(svg.size() < 40'000);
    CHECK(count(svg, " 73.5") == 1);
    io::StripChart strips{"", "", {{"x", {}}}};
    for (int i = 0; i < 10'000; ++i) strips.strips[0].values.push_back(i / 10'000.0);
    CHECK(to_svg(strips).size() < 20'000);
  }

  TEST_CASE("strips") {
    const std::string svg =
        to_svg(io::StripChart{"Dice", "Dice", {{"brain", {0.5, 1, NAN, 0.5}}, {"skull", {0.25}}}});
    CHECK(xml_error(svg) == "");
    CHECK(count(svg, "mean 0.667, 0.500 to 1.000, 1 undefined") == 1);
    CHECK(count(svg, "mean 0.250, 0.250 to 0.250<") == 1);
    CHECK(count(svg, "M240.0 70.0h0M240.0 66.0h0M468.0 70.0h0") == 1);
  }

  TEST_CASE("many series wrap the legend") {
    io::LineChart chart;
    for (int i = 0; i < 30; ++i)
      chart.series.push_back({std::string("class ").append(std::to_string(i)), {1, 2}});
    const std::string svg = to_svg(chart);
    CHECK(xml_error(svg) == "");
    CHECK(count(svg, ">class 29</text>") == 1);
  }

  TEST_CASE("files") {
    const auto path = std::filesystem::temp_directory_path() / "tessera_chart_test.svg";
    const std::string svg = to_svg(io::LineChart{});
    io::save_svg(svg, path);
    std::ifstream file(path);
    CHECK(std::string(std::istreambuf_iterator<char>(file), {}) == svg);
    std::filesystem::remove(path);
    CHECK_THROWS_WITH_AS(io::save_svg(svg, "/no/such/x.svg"), doctest::Contains("/no/such/x.svg"),
                         Error);
    io::LineChart chart;
    chart.series = {{"loss", {1, 2}, {1}}};
    CHECK_THROWS_WITH_AS(to_svg(chart),
                         "to_svg: series \"loss\" must have as many x as y, got 1 and 2", Error);
  }
}
