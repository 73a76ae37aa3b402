#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tessera::io {

// Numbers to be joined by a line. What cannot be shown (NaN, infinity, at most 0 on a logarithmic
// axis) is a gap; a number between gaps is a dot.
struct Series {
  std::string name;
  std::vector<double> y;
  std::vector<double> x = {};  // as many as y; none: 1, 2, 3, ...
};

// A place on the x axis that is worth a look: the best epoch.
struct Mark {
  double x = 0;
  std::string name;
};

// Lines over a common x axis.
struct LineChart {
  std::string title, x_label = "epoch", y_label;
  std::vector<Series> series;
  bool log_y = false;
  std::optional<double> y_low = {}, y_high = {};  // ends of the y axis; none: from the numbers;
                                                  // what lies beyond is drawn on the edge
  std::vector<Mark> marks = {};
};

// A dot for each number, in one strip a name, with the mean: how the scores of cases are spread.
struct StripChart {
  struct Strip {
    std::string name;
    std::vector<double> values;
  };
  std::string title, x_label;
  std::vector<Strip> strips;
  std::optional<double> low = 0, high = 1;  // ends of the axis; none: from the numbers
};

// The chart as an SVG element that can be a file or a part of an HTML page, 480 units wide. It
// follows the reader's choice of a light or dark screen; colours are told apart by people with any
// common colour blindness. Long series are drawn with no more detail than can be seen. Throws Error
// when x and y of a series differ in length.
std::string to_svg(const LineChart& chart);
std::string to_svg(const StripChart& chart);

// Writes an SVG file. The file appears whole or not at all. Throws Error when it cannot be written.
void save_svg(const std::string& svg, const std::filesystem::path& path);

}  // namespace tessera::io
