#include "io/chart.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <span>

#include "core/error.h"
#include "io/atomic_file.h"
#include "io/axis.h"
#include "io/markup.h"
#include "io/spread.h"
#include "io/terminal.h"

namespace tessera::io {

namespace {

constexpr double kWidth = 480, kPlotHeight = 210;
constexpr double kLeft = 52, kRight = 14, kTitle = 30, kLegendLine = 18, kFoot = 44;
constexpr double kCharacter = 6.3;  // width of a column of text at 12 units
constexpr size_t kColors = 7;

// Darker on white and lighter on black than the colours of classes, which stand on pictures.
constexpr std::string_view kStyle =
    "<style>"
    ".tc{font:12px system-ui,-apple-system,'Segoe UI',sans-serif}"
    ".tc-b{fill:#fff}.tc text{fill:#48505a}.tc .tc-t{fill:#1c2024;font-weight:600;font-size:13px}"
    ".tc-g{stroke:#e4e7eb}.tc-a{stroke:#9aa3ad}.tc-m{stroke:#9aa3ad;stroke-dasharray:3 3}"
    ".tc-l{fill:none;stroke-width:1.8;stroke-linejoin:round;stroke-linecap:round}"
    ".tc-p{fill:none;stroke-width:5;stroke-linecap:round}"
    ".tc-d{fill:none;stroke-width:4;stroke-linecap:round;stroke-opacity:.55}"
    ".tc-n{stroke:#1c2024;stroke-width:2}"
    ".tc0{stroke:#0072b2}.tc1{stroke:#d55e00}.tc2{stroke:#009e73}.tc3{stroke:#a8568a}"
    ".tc4{stroke:#b8860b}.tc5{stroke:#3f9fd8}.tc6{stroke:#6b7280}"
    "@media(prefers-color-scheme:dark){"
    ".tc-b{fill:#1b1e23}.tc text{fill:#b4bcc6}.tc .tc-t{fill:#eceff2}"
    ".tc-g{stroke:#32373e}.tc-a{stroke:#6b747e}.tc-m{stroke:#7d8690}.tc-n{stroke:#eceff2}"
    ".tc0{stroke:#4ba3e3}.tc1{stroke:#f0884a}.tc2{stroke:#2ec298}.tc3{stroke:#d88bb8}"
    ".tc4{stroke:#e6c04a}.tc5{stroke:#8fd0f5}.tc6{stroke:#a3abb5}}"
    "</style>";

struct ChartPoint {
  double x, y;
};

// An SVG element under construction; y grows downwards.
class Drawing {
 public:
  Drawing(const std::string& title, double height) {
    add("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"tc\" role=\"img\" viewBox=\"0 0 {0} "
        "{1:g}\" "
        "width=\"{0}\" height=\"{1:g}\">{2}<title>{3}</title>"
        "<rect class=\"tc-b\" width=\"{0}\" height=\"{1:g}\" rx=\"6\"/>\n",
        kWidth, height, kStyle, escape_markup(title));
    if (!title.empty()) {
      const int columns = static_cast<int>((kWidth - 2 * kRight) / (kCharacter * 1.12));
      text(kRight, 20, "class=\"tc-t\"", shorten(title, columns));
    }
  }

  void line(const std::string& style, ChartPoint from, ChartPoint to) {
    add("<path class=\"{}\" d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\"/>\n", style, from.x, from.y, to.x,
        to.y);
  }
  void path(const std::string& style, const std::string& data, const std::string& name) {
    if (data.empty()) return;
    add("<path class=\"{}\" d=\"{}\"><title>{}</title></path>\n", style, data, escape_markup(name));
  }
  void text(double x, double y, const std::string& attributes, const std::string& content) {
    add("<text x=\"{:.1f}\" y=\"{:.1f}\" {}>{}</text>\n", x, y, attributes, escape_markup(content));
  }
  std::string finish() { return text_ + "</svg>\n"; }

 private:
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
  }
  std::string text_;
};

// Where the plot is, and the two scales.
struct Frame {
  double left = kLeft, top = 0, height = kPlotHeight;
  Axis x, y;

  ChartPoint at(double vx, double vy) const {
    return {left + x.place(vx) * (kWidth - left - kRight), top + (1 - y.place(vy)) * height};
  }
};

void draw_x_axis(Drawing& drawing, const Frame& frame, const std::string& label) {
  const double bottom = frame.top + frame.height;
  for (size_t i = 0; i < frame.x.ticks.size(); ++i) {
    const double x = frame.at(frame.x.ticks[i], frame.y.low).x;
    drawing.line("tc-a", {x, bottom}, {x, bottom + 4});
    drawing.text(x, bottom + 17, "text-anchor=\"middle\"", frame.x.labels[i]);
  }
  drawing.line("tc-a", {frame.left, bottom}, {kWidth - kRight, bottom});
  drawing.text((frame.left + kWidth - kRight) / 2, bottom + 35, "text-anchor=\"middle\"", label);
}

void draw_y_axis(Drawing& drawing, const Frame& frame, const std::string& label) {
  for (size_t i = 0; i < frame.y.ticks.size(); ++i) {
    const double y = frame.at(frame.x.low, frame.y.ticks[i]).y;
    drawing.line("tc-g", {frame.left, y}, {kWidth - kRight, y});
    drawing.text(frame.left - 6, y + 4, "text-anchor=\"end\"", frame.y.labels[i]);
  }
  if (label.empty()) return;
  const double middle = frame.top + frame.height / 2;
  drawing.text(
      0, 0,
      fmt::format("text-anchor=\"middle\" transform=\"translate(13 {:.1f}) rotate(-90)\"", middle),
      label);
}

// Leaves at most four points in each column of the picture: the first, the lowest, the highest and
// the last, in their order.
std::vector<ChartPoint> thin(const std::vector<ChartPoint>& points) {
  if (points.size() < 4 * static_cast<size_t>(kWidth)) return points;
  std::vector<ChartPoint> kept;
  for (size_t begin = 0, end = 0; begin < points.size(); begin = end) {
    while (end < points.size() && std::floor(points[end].x) == std::floor(points[begin].x)) ++end;
    const auto from = points.begin() + static_cast<ptrdiff_t>(begin);
    const auto to = points.begin() + static_cast<ptrdiff_t>(end);
    const auto [low, high] = std::minmax_element(
        from, to, [](const ChartPoint& a, const ChartPoint& b) { return a.y < b.y; });
    auto order = {from, std::min(low, high), std::max(low, high), to - 1};
    auto last = to;
    for (const auto& point : order) {
      if (point != last) kept.push_back(*point);
      last = point;
    }
  }
  return kept;
}

// A series as path data: its lines, and the numbers that stand alone.
struct Curve {
  std::string lines, dots;
};

Curve curve_of(const Series& series, const Frame& frame) {
  Curve curve;
  std::vector<ChartPoint> run;
  const auto draw = [&] {
    run = thin(run);
    if (run.size() == 1) curve.dots += fmt::format("M{:.1f} {:.1f}h0", run[0].x, run[0].y);
    for (size_t i = 0; i < run.size() && run.size() > 1; ++i) {
      curve.lines += fmt::format("{}{:.1f} {:.1f}", i == 0 ? 'M' : 'L', run[i].x, run[i].y);
    }
    run.clear();
  };
  for (size_t i = 0; i < series.y.size(); ++i) {
    if (frame.x.shows(series.x[i]) && frame.y.shows(series.y[i])) {
      run.push_back(frame.at(series.x[i], std::clamp(series.y[i], frame.y.low, frame.y.high)));
    } else {
      draw();
    }
  }
  draw();
  return curve;
}

std::string style_of(char kind, size_t series) {
  return fmt::format("tc-{} tc{}", kind, series % kColors);
}

// Draws names beside samples of their colours from y on, in as many lines as it takes; returns
// where the last one ends. Without a drawing it only measures.
double draw_legend(Drawing* drawing, const std::vector<Series>& series, double y) {
  double x = kRight;
  for (size_t i = 0; i < series.size(); ++i) {
    const std::string name = shorten(one_line(series[i].name), 60);
    const double width = 24 + kCharacter * text_width(name) + 14;
    if (x > kRight && x + width > kWidth - kRight) {
      x = kRight;
      y += kLegendLine;
    }
    if (drawing != nullptr) {
      drawing->line(style_of('l', i), {x, y + 8}, {x + 18, y + 8});
      drawing->text(x + 24, y + 12, "", name);
    }
    x += width;
  }
  return series.empty() ? y : y + kLegendLine;
}

void draw_marks(Drawing& drawing, const Frame& frame, const std::vector<Mark>& marks) {
  for (const Mark& mark : marks) {
    if (!frame.x.shows(mark.x) || mark.x < frame.x.low || mark.x > frame.x.high) continue;
    const double x = frame.at(mark.x, frame.y.low).x;
    drawing.line("tc-m", {x, frame.top}, {x, frame.top + frame.height});
    const bool left = x > kWidth * 0.6;
    drawing.text(left ? x - 5 : x + 5, frame.top + frame.height - 6,
                 left ? "text-anchor=\"end\"" : "", shorten(mark.name, 40));
  }
}

// One dot for each value, moved up and down where values are close to each other; dots that would
// cover one another are drawn once.
std::string dots_of(std::vector<double> values, const Frame& frame, double middle) {
  constexpr double kStep = 4, kRoom = 12;
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  std::sort(values.begin(), values.end());
  std::string data;
  double column = -1;
  int in_column = 0;
  for (const double value : values) {
    const double x =
        std::round(frame.at(std::clamp(value, frame.x.low, frame.x.high), 0).x / kStep) * kStep;
    in_column = x == column ? in_column + 1 : 0;
    column = x;
    const int rank = (in_column + 1) / 2 * (in_column % 2 == 0 ? 1 : -1);  // 0, -1, 1, -2, 2, ...
    const double offset = kStep * rank;
    if (std::abs(offset) <= kRoom) data += fmt::format("M{:.1f} {:.1f}h0", x, middle + offset);
  }
  return data;
}

}  // namespace

std::string to_svg(const LineChart& chart) {
  std::vector<Series> all = chart.series;
  std::vector<double> xs, ys;
  for (Series& series : all) {
    if (series.x.empty()) {
      for (size_t i = 0; i < series.y.size(); ++i) series.x.push_back(static_cast<double>(i + 1));
    }
    require(series.x.size() == series.y.size(),
            "to_svg: series \"{}\" must have as many x as y, got {} and {}", series.name,
            series.x.size(), series.y.size());
    xs.insert(xs.end(), series.x.begin(), series.x.end());
    ys.insert(ys.end(), series.y.begin(), series.y.end());
  }
  Frame frame;
  const bool whole = std::all_of(xs.begin(), xs.end(), [](double x) { return x == std::floor(x); });
  frame.x = make_axis(xs, {.whole = whole, .most_ticks = 8});
  frame.y = make_axis(ys, {.log = chart.log_y, .low = chart.y_low, .high = chart.y_high});
  frame.top = draw_legend(nullptr, all, kTitle) + 8;

  Drawing drawing(chart.title, frame.top + frame.height + kFoot);
  draw_legend(&drawing, all, kTitle);
  draw_y_axis(drawing, frame, chart.y_label);
  draw_x_axis(drawing, frame, chart.x_label);
  draw_marks(drawing, frame, chart.marks);
  for (size_t i = 0; i < all.size(); ++i) {
    const Curve curve = curve_of(all[i], frame);
    drawing.path(style_of('l', i), curve.lines, all[i].name);
    drawing.path(style_of('p', i), curve.dots, all[i].name);
  }
  const bool empty = std::none_of(ys.begin(), ys.end(), [&](double y) { return frame.y.shows(y); });
  if (empty) {
    drawing.text(kWidth / 2, frame.top + frame.height / 2, "text-anchor=\"middle\"", "no data yet");
  }
  return drawing.finish();
}

std::string to_svg(const StripChart& chart) {
  constexpr double kStrip = 56;
  std::vector<double> all;
  for (const StripChart::Strip& strip : chart.strips) {
    all.insert(all.end(), strip.values.begin(), strip.values.end());
  }
  Frame frame;
  frame.x = make_axis(all, {.low = chart.low, .high = chart.high});
  frame.left = kRight;
  frame.top = kTitle + 4;
  frame.height = std::max(kStrip * static_cast<double>(chart.strips.size()), 10.0);

  Drawing drawing(chart.title, frame.top + frame.height + kFoot);
  for (const double tick : frame.x.ticks) {
    const double x = frame.at(tick, 0).x;
    drawing.line("tc-g", {x, frame.top}, {x, frame.top + frame.height});
  }
  draw_x_axis(drawing, frame, chart.x_label);
  for (size_t i = 0; i < chart.strips.size(); ++i) {
    const StripChart::Strip& strip = chart.strips[i];
    const double top = frame.top + kStrip * static_cast<double>(i), middle = top + 36;
    const Spread spread = spread_of(strip.values);
    std::string numbers = "no case";
    if (spread.count > 0) {
      numbers = fmt::format("mean {:.3f}, {:.3f} to {:.3f}", spread.mean, spread.low, spread.high);
      drawing.path(style_of('d', i), dots_of(strip.values, frame, middle), strip.name);
      const double x = frame.at(std::clamp(spread.mean, frame.x.low, frame.x.high), 0).x;
      drawing.line("tc-n", {x, middle - 15}, {x, middle + 15});
    }
    if (spread.undefined > 0) numbers += fmt::format(", {} undefined", spread.undefined);
    drawing.text(frame.left, top + 14, "", shorten(one_line(strip.name), 30));
    drawing.text(kWidth - kRight, top + 14, "text-anchor=\"end\"", numbers);
  }
  return drawing.finish();
}

void save_svg(const std::string& svg, const std::filesystem::path& path) {
  write_file(path, svg);
}

}  // namespace tessera::io
