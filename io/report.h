#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "io/chart.h"

namespace tessera::io {

// A number to be seen first: "Dice", "0.912", "mean of 59 cases".
struct KeyFigure {
  std::string name, value, note = {};
};

// What is measured of each case.
struct Score {
  std::string name;             // "Dice brain"
  bool less_is_better = false;  // distances, errors
};

struct ReportCase {
  std::string name;
  std::vector<double> scores;  // as many as Report::scores; NaN: undefined
  std::string note = {};       // a word of warning about this case
  std::string png = {};        // a picture (see case_picture, encode_png); empty: none
};

// A part at the end of the page: settings, or a text of fixed width, or both.
struct ReportSection {
  std::string title;
  std::vector<std::pair<std::string, std::string>> values = {};
  std::string text = {};
};

// What is to be told about a training run, a test or an evaluation. Parts that are empty are left
// out of the page.
struct Report {
  std::string title;
  std::string subtitle = {};
  std::vector<std::string> warnings = {};
  std::vector<KeyFigure> figures = {};
  std::vector<LineChart> curves = {};
  std::vector<Score> scores = {};         // the first one decides which cases are the worst
  std::vector<ReportCase> cases = {};     // in any order
  std::vector<std::string> classes = {};  // names from class 0 on, the background
  std::vector<ReportSection> sections = {};
  size_t max_rows = 1000;    // so many of the worst cases are listed,
  size_t max_pictures = 60;  // and so many of these with their pictures; the page says so
};

// The cases from worst to best by the first score, as indices; undefined ones come last.
std::vector<size_t> worst_first(const Report& report);

// One HTML page that needs nothing else: style, charts and pictures are inside, nothing is loaded,
// and without scripts all of it can be read (a script of a few lines sorts the table). For
// telephones, paper, light and dark screens. All text is escaped. Throws Error when a case does not
// have one value for each score, or its picture is not a PNG.
std::string to_html(const Report& report);

// Writes the page. The file appears whole or not at all. Throws Error when it cannot be written.
void save_report(const Report& report, const std::filesystem::path& path);

}  // namespace tessera::io
