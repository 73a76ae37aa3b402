#include "io/doctor.h"

#include <algorithm>
#include <iterator>
#include <mutex>

#include <fmt/format.h>

#include "core/cpu/parallel.h"
#include "core/error.h"
#include "io/atomic_file.h"
#include "io/csv.h"
#include "io/doctor_chart.h"
#include "io/progress.h"

namespace tessera::io {

namespace fs = std::filesystem;

namespace {

// In an order in which each check can rely on those before it.
constexpr Check checks[] = {
    {"names", "two files of one name, such as a.png and a.jpg", check_names},
    {"pairs", "images without mask, masks without image, masks with another name", check_pairs},
    {"channels", "cases that lack a channel which others have", check_channels},
    {"unreadable", "files that are damaged or of another format", check_readable},
    {"values", "images that are constant, or hold NaN or infinite values", check_intensities},
    {"size", "masks and channels that are not as large as the image", check_sizes},
    {"geometry", "masks that lie elsewhere in the patient, by rounding or really", check_geometry},
    {"lossy mask", "JPEG masks, and masks with mixed values at edges", check_lossy_masks},
    {"coloured mask", "colours and changing palettes in place of classes", check_coloured_masks},
    {"float mask", "floating-point numbers in place of classes", check_float_masks},
    {"mask values", "0/255 masks, gaps in the numbers of classes, values below 0",
     check_mask_values},
    {"labels", "names that do not fit the classes of the masks", check_label_names},
    {"lists", "lists and split.csv that name too much, too little, or twice", check_split_files},
    {"dataset.json", "a number of cases, channels or an ending that is not that of the files",
     check_dataset_json},
    {"duplicates", "one picture, by its pixels, in two splits", check_duplicates},
    {"near duplicates", "pictures in two splits that look alike (note)", check_near_duplicates},
    {"patients", "one patient in two splits", check_patients},
    {"folds", "splits_final.json with one patient on both sides, or names without case",
     check_folds},
};

Diagnosis diagnosis_of(const Chart& chart) {
  return {std::ssize(chart.cases), chart.findings};
}

void write_report(const Chart& chart, const fs::path& path) {
  Csv table{.name = path.string(),
            .columns = {"check", "file", "problem", "change"},
            .rows = {},
            .lines = {}};
  for (const Finding& one : chart.findings)
    table.rows.push_back({one.check, one.file.lexically_relative(chart.layout.folder).string(),
                          one.problem, one.remedy});
  write_csv(table, path);
}

// Throws unless the copy can be made beside the original.
void require_free(const fs::path& folder, const fs::path& out) {
  std::error_code error;
  require(!fs::exists(fs::symlink_status(out, error)),
          "doctor: {} is there already; give --fix a folder that does not exist", out.string());
  const fs::path from = fs::weakly_canonical(folder), to = fs::weakly_canonical(out);
  const auto common = std::mismatch(from.begin(), from.end(), to.begin(), to.end());
  require(common.first != from.end(),
          "doctor: {} lies in {}, which is never changed; give --fix a folder elsewhere",
          out.string(), folder.string());
}

}  // namespace

bool Diagnosis::clean() const {
  return std::all_of(findings.begin(), findings.end(), [](const Finding& one) { return one.note; });
}

void Chart::add(const fs::path& file, const std::string& problem, const std::string& remedy) {
  findings.push_back({check, file, problem, remedy});
}

void Chart::note(const fs::path& file, const std::string& problem) {
  findings.push_back({check, file, problem, "", true});
}

void Chart::leave_out(ExaminedCase& one, const fs::path& file, const std::string& problem) {
  one.leave_out = true;
  add(file, problem, "the case is left out");
}

Chart examine(const fs::path& folder, const DoctorOptions& options) {
  Chart chart;
  chart.layout = recognise_layout(folder);
  chart.check = "layout";
  try {
    chart.layout = find_layout(folder);
  } catch (const Error& error) {
    chart.add(folder, error.what(), "");
    return chart;
  }
  chart.ignore = options.ignore;
  try {
    chart.labels = read_label_names(folder);
    if (!chart.ignore) chart.ignore = chart.labels.ignore;
  } catch (const Error& error) {
    chart.check = "labels";
    chart.new_labels = chart.broken_labels = true;
    chart.add(folder / (chart.layout.kind == LayoutKind::nnunet ? "dataset.json" : "labels.json"),
              error.what(), "written anew");
  }

  chart.cases.resize(chart.layout.cases.size());
  std::mutex mutex;  // of the progress bar
  Progress progress("examining", std::ssize(chart.cases),
                    {.quiet = options.quiet, .unit = "cases"});
  cpu::parallel_for(std::ssize(chart.cases), false, [&](int64_t i) {
    ExaminedCase& one = chart.cases[static_cast<size_t>(i)];
    one.found = chart.layout.cases[static_cast<size_t>(i)];
    one.image = examine_image(one.found.image);
    for (const fs::path& file : one.found.further) one.further.push_back(examine_image(file));
    one.mask = examine_mask(one.found.mask);
    const std::lock_guard lock(mutex);
    progress.advance();
  });
  progress.clear();
  for (const Check& check : checks) {
    chart.check = check.name;
    check.run(chart);
  }
  return chart;
}

std::vector<std::pair<std::string, std::string>> doctor_checks() {
  std::vector<std::pair<std::string, std::string>> names;
  for (const Check& check : checks) names.emplace_back(check.name, check.looks_for);
  return names;
}

Diagnosis diagnose(const fs::path& folder, const DoctorOptions& options) {
  return diagnosis_of(examine(folder, options));
}

Treatment repair(const fs::path& folder, const fs::path& copy, const DoctorOptions& options) {
  const fs::path out = copy.has_filename() ? copy : copy.parent_path();  // "mended/" is "mended"
  fs::path part = out;
  part += kPartExtension;
  require_free(folder, out);
  require_free(folder, part);
  const Chart chart = examine(folder, options);
  if (chart.check == "layout") {
    fail(fmt::format("doctor: {} cannot be repaired: {}", folder.string(),
                     chart.findings[0].problem));
  }
  const bool any = std::any_of(chart.cases.begin(), chart.cases.end(),
                               [](const ExaminedCase& one) { return !one.leave_out; });
  require(any, "doctor: {} has no case that can be kept; {}", folder.string(),
          chart.findings.empty()
              ? "it is empty"
              : chart.findings[0].file.string() + ": " + chart.findings[0].problem);
  try {
    write_copy(chart, part);
    write_report(chart, part / "doctor.csv");
    fs::rename(part, out);
  } catch (const std::exception& error) {
    std::error_code ignored;
    fs::remove_all(part, ignored);
    fail(fmt::format("doctor: {} cannot be written: {}", out.string(), error.what()));
  }
  return {diagnosis_of(chart), diagnose(out, options)};
}

}  // namespace tessera::io
