#include <iostream>
#include <map>

#include <fmt/format.h>

#include "cli/command.h"
#include "core/error.h"
#include "io/doctor.h"
#include "io/table.h"
#include "io/terminal.h"

namespace tessera::cli {

namespace {

namespace fs = std::filesystem;

// What the doctor returns to the shell beside kDone (clean) and kFailed (it could not be examined).
constexpr int kFixed = 3, kBroken = 4;

struct DoctorConfig {
  std::string data, fix;
  int64_t ignore = -1, rows = 5, threads = 0;
  bool quiet = false;

  template <class Config, class F>
  static void fields(Config& c, F f) {
    f("data", c.data, "dataset; it is only read");
    f("fix", c.fix, "folder, not there yet, for a complete repaired copy");
    f("ignore", c.ignore, "a value in masks that belongs to no class; -1: there is none");
    f("rows", c.rows, "findings of each check to print; 0: all");
    f("threads", c.threads, "that read files; 0: all processors");
    f("quiet", c.quiet, "no progress bar");
  }
};

void print(const io::Diagnosis& diagnosis, const DoctorConfig& config) {
  io::Table table({"check", "file", "problem", "what --fix does"});
  std::map<std::string, int64_t> counts;
  for (const io::Finding& one : diagnosis.findings) {
    if (++counts[one.check] > config.rows && config.rows > 0) continue;
    table.row({one.check, one.file.lexically_relative(config.data).string(), one.problem,
               one.note ? "nothing: a note" : one.remedy});
  }
  for (const auto& [check, count] : counts)
    if (count > config.rows && config.rows > 0)
      table.row({check, "...", fmt::format("{} more", count - config.rows), ""});
  if (table.size() > 0) std::cout << table;
}

int doctor(const DoctorConfig& config) {
  require(!config.data.empty(), "doctor: which dataset? give its folder");
  require(config.ignore >= -1 && config.rows >= 0,
          "doctor: ignore and rows must not be negative, got {} and {}", config.ignore,
          config.rows);
  use_threads("doctor", config.threads);
  io::DoctorOptions options{.quiet = config.quiet};
  if (config.ignore >= 0) options.ignore = static_cast<int32_t>(config.ignore);
  if (config.fix.empty()) {
    const io::Diagnosis found = io::diagnose(config.data, options);
    print(found, config);
    std::cout << fmt::format("{}: {} cases examined, {}\n", config.data, found.cases,
                             found.clean() ? "clean" : "broken; --fix OUT writes a repaired copy");
    return found.clean() ? kDone : kBroken;
  }
  const io::Treatment treatment = io::repair(config.data, config.fix, options);
  print(treatment.before, config);
  const bool clean = treatment.before.clean(), mended = treatment.after.clean();
  std::cout << fmt::format("{}: {} of {} cases, {}; changes: {}\n", config.fix,
                           treatment.after.cases, treatment.before.cases,
                           clean    ? "a copy of what is clean"
                           : mended ? "repaired"
                                    : "still broken",
                           (fs::path(config.fix) / "doctor.csv").string());
  if (!mended) {
    std::cout << "findings in the copy:\n";
    DoctorConfig of_copy = config;
    of_copy.data = config.fix;
    print(treatment.after, of_copy);
  }
  return clean ? kDone : mended ? kFixed : kBroken;
}

std::string explanation() {
  std::string text =
      "  tessera doctor data/mine\n"
      "  tessera doctor data/mine --fix data/mended\n"
      "\n"
      "Exit status:\n"
      "  0  clean (there may be notes)\n"
      "  1  it could not be examined, or the copy not be written\n"
      "  3  fixed: the copy passes all checks\n"
      "  4  broken: there are findings, and no copy without any\n"
      "\n"
      "Checks:\n";
  for (const auto& [name, looks_for] : io::doctor_checks())
    text += fmt::format("  {:14} {}\n", name, looks_for);
  return text;
}

}  // namespace

void add_doctor(CLI::App& program, int& status) {
  add_verb<DoctorConfig>(program, status,
                         {.name = "doctor",
                          .summary = "check a dataset, and repair a copy of it",
                          .examples = explanation(),
                          .run = doctor,
                          .positional = "data"});
}

}  // namespace tessera::cli
