#include "io/report.h"

#include <cmath>
#include <filesystem>

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/bytes.h"
#include "io/contact_sheet.h"
#include "tests/text.h"
#include "tests/xml.h"

using namespace tessera;
using io::Report;
using io::to_html;
using testing::count;
using testing::xml_error;

namespace {

Report brains() {
  Report report;
  report.title = "unet on brains";
  report.figures = {{"Dice", "0.91", "mean of 3 cases"}};
  report.scores = {{"Dice brain"}, {"HD95", true}};
  report.classes = {"air", "brain"};
  const std::string png = io::encode_png(io::Image(3, 4, 4, 0.5F));
  report.cases = {{"good", {0.9, 1}, "", png},
                  {"empty", {NAN, NAN}},
                  {"bad", {0.25, 123.4}, "looks empty", png},
                  {"fair", {0.75, 2}, "", png}};
  return report;
}

}  // namespace

TEST_SUITE("io/report") {
  TEST_CASE("everything there is to say, worst first") {
    Report report = brains();
    report.subtitle = "59 slices";
    report.warnings = {"stopped early"};
    report.curves = {{"Loss", "epoch", "loss", {{"training", {1, 0.5}}}}};
    report.sections = {{"Configuration", {{"lr", "0.001"}}}, {"Model", {}, "UNet\n  conv1"}};
    const std::string html = to_html(report);
    CHECK(xml_error(html) == "");
    for (const std::string part :
         {"<h1>unet on brains</h1>", ">0.91</b>", ">mean of 3 cases</span>", ">stopped early</p>",
          "<h2>Learning curves</h2>", "<dt>lr</dt><dd>0.001</dd>", "<pre>UNet\n  conv1</pre>",
          "looks empty", "</i>brain</span>", "style=\"--w:25%\">0.250<",
          "data-v=\"123.4\">123.4</td>",
          "<td>0.633</td><td>0.340</td><td>0.750</td><td>0.250</td><td>0.900</td><td>3</td>"}) {
      INFO(part);
      CHECK(count(html, part) == 1);
    }
    const auto at = [&](const char* name) { return html.find(std::string("<b>").append(name)); };
    CHECK(at("bad") < at("fair"));
    CHECK(at("fair") < at("good"));
    CHECK(at("good") < at("empty"));
    CHECK(at("empty") < html.npos);
    CHECK(count(html, "src=\"data:image/png;base64,iVBORw0KGgo") == 3);
  }

  TEST_CASE("nothing is loaded from anywhere") {
    const std::string html = to_html(brains());
    CHECK(count(html, "http") == count(html, "http://www.w3.org/2000/svg"));
    CHECK(count(html, "src=") == count(html, "src=\"data:"));
    CHECK(count(html, "href") == 0);
    CHECK(count(html, "url(") == 0);
    CHECK(count(html, "@import") == 0);
  }

  TEST_CASE("the order follows the first score") {
    Report report = brains();
    CHECK(io::worst_first(report) == std::vector<size_t>{2, 3, 0, 1});
    report.scores[0].less_is_better = true;
    CHECK(io::worst_first(report) == std::vector<size_t>{0, 3, 2, 1});
    for (io::ReportCase& c : report.cases) c.scores.clear();
    report.scores.clear();
    CHECK(io::worst_first(report) == std::vector<size_t>{0, 1, 2, 3});
    CHECK(xml_error(to_html(report)) == "");
  }

  TEST_CASE("all text is escaped") {
    const std::string name = "</td><script>alert(\"1\")</script>&'\x01\xFF";
    Report report;
    report.title = report.subtitle = name;
    report.warnings = {name};
    report.figures = {{name, name, name}};
    report.curves = {{name, name, name, {{name, {1, 2}}}}};
    report.scores = {{name}};
    report.classes = {name, name};
    report.cases = {{name, {0.5}, name, io::encode_png(io::Image(1, 1, 1))}};
    report.sections = {{name, {{name, name}}, name}};
    const std::string html = to_html(report);
    CHECK(xml_error(html) == "");
    CHECK(count(html, "<script>") == 1);  // our own
    CHECK(count(html, "alert(&quot;1&quot;)") >= 15);
  }

  TEST_CASE("an empty report is a page") {
    const std::string html = to_html(Report{});
    CHECK(xml_error(html) == "");
    CHECK(count(html, "<h2>Scores</h2>") == 0);
    CHECK(count(html, "<svg") == 0);
  }

  TEST_CASE("of many cases the worst are shown, and the page says so") {
    Report report;
    report.scores = {{"Dice"}, {"IoU"}};
    const std::string png = io::encode_png(io::Image(1, 4, 4));
    for (int i = 0; i < 10'000; ++i) {
      report.cases.push_back(
          {std::string("case ").append(std::to_string(i)), {i / 10'000.0, i / 20'000.0}, "", png});
    }
    const std::string html = to_html(report);
    CHECK(xml_error(html) == "");
    CHECK(count(html, "<tr><td data-v=") == 1000);
    CHECK(count(html, "src=\"data:") == 60);
    CHECK(count(html,
                "The 1,000 worst of 10,000 cases are listed. The 60 worst of 10,000 pictures are "
                "shown.") == 1);
    CHECK(html.size() < 600'000);
    report.max_rows = report.max_pictures = 0;
    CHECK(count(to_html(report), "The 0 worst of 10,000 cases") == 1);
  }

  TEST_CASE("cases that do not fit, and paths that cannot be written, are errors") {
    Report report = brains();
    const auto path = std::filesystem::temp_directory_path() / "tessera_report_test.html";
    io::save_report(report, path);
    CHECK(io::read_file(path) == to_html(report));
    std::filesystem::remove(path);
    CHECK_THROWS_WITH_AS(io::save_report(report, "/no/such/report.html"),
                         doctest::Contains("/no/such/report.html cannot be created"), Error);
    report.cases[1].scores.pop_back();
    CHECK_THROWS_WITH_AS(to_html(report), "Report: case \"empty\" must have 2 scores, got 1",
                         Error);
    CHECK_THROWS_AS(io::worst_first(report), Error);
    report = brains();
    report.cases[0].png = "GIF89a";
    CHECK_THROWS_WITH_AS(to_html(report), "Report: the picture of case \"good\" must be a PNG file",
                         Error);
  }
}
