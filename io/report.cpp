#include "io/report.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>

#include "core/error.h"
#include "io/atomic_file.h"
#include "io/markup.h"
#include "io/overlay.h"
#include "io/palette.h"
#include "io/png.h"
#include "io/report_style.h"
#include "io/spread.h"

namespace tessera::io {

namespace {

constexpr size_t kMaxStrips = 16;
constexpr size_t kLongText = 3000;  // bytes; longer ones are folded

// A page under construction. Values of type std::string are escaped where they are written with
// text(); format strings are markup.
class Page {
 public:
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
  }
  void raw(std::string_view markup) { text_ += markup; }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

std::string text(std::string_view s) {
  return escape_markup(s);
}

std::string number_text(double value) {
  if (!std::isfinite(value)) return "–";
  return std::abs(value) < 100 ? fmt::format("{:.3f}", value) : fmt::format("{:.1f}", value);
}

std::string with_commas(size_t n) {
  std::string digits = fmt::format("{}", n);
  for (auto i = static_cast<ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3) {
    digits.insert(static_cast<size_t>(i), 1, ',');
  }
  return digits;
}

std::vector<double> column_of(const Report& report, size_t score) {
  std::vector<double> values;
  for (const ReportCase& c : report.cases) values.push_back(c.scores[score]);
  return values;
}

void check(const Report& report) {
  for (const ReportCase& c : report.cases) {
    require(c.scores.size() == report.scores.size(),
            "Report: case \"{}\" must have {} scores, got {}", c.name, report.scores.size(),
            c.scores.size());
    require(c.png.empty() || is_png(c.png), "Report: the picture of case \"{}\" must be a PNG file",
            c.name);
  }
}

void add_head(Page& page, const Report& report) {
  page.add(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<title>{}</title>\n<style>",
      text(report.title));
  page.raw(report_style);
  page.add("</style>\n</head>\n<body>\n<main>\n<h1>{}</h1>\n", text(report.title));
  if (!report.subtitle.empty()) page.add("<p class=\"soft\">{}</p>\n", text(report.subtitle));
  for (const std::string& warning : report.warnings) {
    page.add("<p class=\"warn\">{}</p>\n", text(warning));
  }
}

void add_figures(Page& page, const Report& report) {
  if (report.figures.empty()) return;
  page.raw("<div class=\"tiles\">\n");
  for (const KeyFigure& figure : report.figures) {
    page.add(
        "<div class=\"card\"><span class=\"soft\">{}</span><b>{}</b><span "
        "class=\"soft\">{}</span></div>\n",
        text(figure.name), text(figure.value), text(figure.note));
  }
  page.raw("</div>\n");
}

void add_curves(Page& page, const Report& report) {
  if (report.curves.empty()) return;
  page.raw("<h2>Learning curves</h2>\n<div class=\"charts\">\n");
  for (const LineChart& chart : report.curves) page.raw(to_svg(chart));
  page.raw("</div>\n");
}

void add_spreads(Page& page, const Report& report) {
  page.raw(
      "<h2>Scores</h2>\n<div class=\"card scroll\"><table>\n<thead><tr><th>score</th><th>mean</th>"
      "<th>sd</th><th>median</th><th>min</th><th>max</th><th>cases</th><th>undefined</th></tr>"
      "</thead>\n<tbody>\n");
  StripChart strips{"How the cases are spread", "score", {}};
  for (size_t i = 0; i < report.scores.size(); ++i) {
    std::vector<double> values = column_of(report, i);
    const Spread s = spread_of(values);
    page.add(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</"
        "td></tr>\n",
        text(report.scores[i].name), number_text(s.mean), number_text(s.deviation),
        number_text(s.median), number_text(s.low), number_text(s.high), with_commas(s.count),
        with_commas(s.undefined));
    const bool fraction = !report.scores[i].less_is_better && s.low >= 0 && s.high <= 1;
    if (fraction && strips.strips.size() < kMaxStrips) {
      strips.strips.push_back({report.scores[i].name, std::move(values)});
    }
  }
  page.raw("</tbody></table></div>\n");
  if (!strips.strips.empty()) page.add("<div class=\"charts\">\n{}</div>\n", to_svg(strips));
}

void add_sample(Page& page, Rgb color, std::string_view name) {
  page.add("<span><i style=\"background:{}\"></i>{}</span>", css_color(color), text(name));
}

// Which colour is what on the pictures.
void add_key(Page& page, const Report& report) {
  page.raw("<div class=\"card key\">\n");
  if (report.classes.size() > 1) {
    page.raw("<p>Truth and prediction: ");
    for (size_t i = 1; i < report.classes.size(); ++i) {
      add_sample(page, class_color(static_cast<int64_t>(i)), report.classes[i]);
    }
    page.raw("</p>\n");
  }
  page.raw("<p>Errors: ");
  for (const ErrorKind& kind : error_kinds()) add_sample(page, kind.color, kind.name);
  page.raw("</p>\n</div>\n");
}

void add_case(Page& page, const Report& report, const ReportCase& c, bool picture) {
  page.add("<tr><td data-v=\"{0}\"><b>{0}</b>", text(c.name));
  if (!c.note.empty()) page.add("<br/><span class=\"soft\">{}</span>", text(c.note));
  if (picture) {
    page.add("<label class=\"pic\"><input type=\"checkbox\"/><img alt=\"{}\" src=\"{}\"/></label>",
             text(c.name), data_uri("image/png", c.png));
  }
  page.raw("</td>");
  for (size_t i = 0; i < c.scores.size(); ++i) {
    const double value = c.scores[i];
    const std::string key = std::isfinite(value) ? fmt::format("{:.6g}", value) : "";
    std::string width;
    if (!report.scores[i].less_is_better && value > 0 && value <= 1) {
      width = fmt::format(" style=\"--w:{:.0f}%\"", 100 * value);
    }
    page.add("<td class=\"v\" data-n=\"{}\" data-v=\"{}\"{}>{}</td>", text(report.scores[i].name),
             key, width, number_text(value));
  }
  page.raw("</tr>\n");
}

void add_cases(Page& page, const Report& report) {
  const size_t rows = std::min(report.cases.size(), report.max_rows);
  std::vector<size_t> order = worst_first(report);
  order.resize(rows);
  std::vector<bool> with_picture(rows, false);
  size_t pictures = 0, all_pictures = 0;
  for (const ReportCase& c : report.cases) all_pictures += c.png.empty() ? 0 : 1;
  for (size_t i = 0; i < rows && pictures < report.max_pictures; ++i) {
    with_picture[i] = !report.cases[order[i]].png.empty();
    pictures += with_picture[i] ? 1 : 0;
  }

  page.raw("<h2>Cases, worst first</h2>\n");
  std::string left_out;
  if (rows < report.cases.size()) {
    left_out += fmt::format("The {} worst of {} cases are listed. ", with_commas(rows),
                            with_commas(report.cases.size()));
  }
  if (pictures < all_pictures) {
    left_out += fmt::format("The {} worst of {} pictures are shown.", with_commas(pictures),
                            with_commas(all_pictures));
  }
  if (!left_out.empty()) page.add("<p class=\"soft\">{}</p>\n", left_out);
  if (pictures > 0) add_key(page, report);
  page.raw("<div class=\"card scroll cases\"><table>\n<thead><tr><th>case</th>");
  for (const Score& score : report.scores) page.add("<th>{}</th>", text(score.name));
  page.raw("</tr></thead>\n<tbody>\n");
  for (size_t i = 0; i < rows; ++i) {
    add_case(page, report, report.cases[order[i]], with_picture[i]);
  }
  page.raw("</tbody></table></div>\n");
}

void add_section(Page& page, const ReportSection& section) {
  const bool folded = section.text.size() > kLongText || section.values.size() > 40;
  page.add("<details{}><summary>{}</summary>\n", folded ? "" : " open=\"open\"",
           text(section.title));
  if (!section.values.empty()) {
    page.raw("<dl>\n");
    for (const auto& value : section.values) {
      page.add("<dt>{}</dt><dd>{}</dd>\n", text(value.first), text(value.second));
    }
    page.raw("</dl>\n");
  }
  if (!section.text.empty()) page.add("<pre>{}</pre>\n", text(section.text));
  page.raw("</details>\n");
}

void add_hints(Page& page, const Report& report) {
  page.raw("<details><summary>How to read this page</summary>\n<ul>\n");
  const auto has = [&](std::string_view word) {
    return std::any_of(report.scores.begin(), report.scores.end(),
                       [&](const Score& s) { return s.name.find(word) != s.name.npos; });
  };
  if (has("Dice") || has("dice")) {
    page.raw(
        "<li>Dice is twice the overlap of prediction and truth, divided by the sum of their sizes: "
        "1 is perfect, 0 is no overlap. Small regions lose more by the same error at the "
        "edge.</li>\n");
  }
  if (has("IoU") || has("iou")) {
    page.raw(
        "<li>IoU is the overlap divided by the union; it is Dice / (2 - Dice), so it is "
        "smaller.</li>\n");
  }
  if (!report.cases.empty()) {
    page.raw(
        "<li>Look at the worst cases first: errors there show whether the truth is wrong, the "
        "image "
        "is unusual, or the network has not seen enough like it. Press a picture to enlarge it, "
        "and the head of a column to sort.</li>\n"
        "<li>– is a score that is undefined, such as of a class that is in neither the truth nor "
        "the "
        "prediction. Means leave it out; sd is the standard deviation between cases.</li>\n");
  }
  if (!report.curves.empty()) {
    page.raw(
        "<li>A validation curve that gets worse while the training curve improves is over-fitting. "
        "Both still improving at the end: train longer. Gaps are epochs that were not "
        "measured.</li>\n");
  }
  page.raw(
      "<li>This page is one file and loads nothing: it can be kept, sent and printed as it is. It "
      "shows the images it was made from, so share it as carefully as "
      "these.</li>\n</ul>\n</details>\n");
}

}  // namespace

std::vector<size_t> worst_first(const Report& report) {
  check(report);
  std::vector<size_t> order(report.cases.size());
  std::iota(order.begin(), order.end(), 0);
  if (report.scores.empty()) return order;
  const double sign = report.scores[0].less_is_better ? -1 : 1;
  const auto badness = [&](size_t i) {
    const double value = report.cases[i].scores[0];
    return std::isnan(value) ? std::pair(true, 0.0) : std::pair(false, sign * value);
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return badness(a) < badness(b); });
  return order;
}

std::string to_html(const Report& report) {
  check(report);
  Page page;
  add_head(page, report);
  add_figures(page, report);
  add_curves(page, report);
  if (!report.cases.empty()) {
    if (!report.scores.empty()) add_spreads(page, report);
    add_cases(page, report);
  }
  page.raw("<h2>Details</h2>\n");
  for (const ReportSection& section : report.sections) add_section(page, section);
  add_hints(page, report);
  page.raw("<footer>Written by tessera.</footer>\n</main>\n<script>");
  page.raw(report_script);
  page.raw("</script>\n</body>\n</html>\n");
  return page.take();
}

void save_report(const Report& report, const std::filesystem::path& path) {
  write_file(path, to_html(report));
}

}  // namespace tessera::io
