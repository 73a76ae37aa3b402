#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace tessera::io {

// Checks a dataset for what makes trainings fail or scores lie, and writes repaired copies.

// One thing that is wrong with a file or folder.
struct Finding {
  std::string check;           // which check found it: "0/255", "duplicates", ...
  std::filesystem::path file;  // below the folder of the set
  std::string problem;         // what is wrong with it
  std::string remedy;          // what repair() does; empty for notes
  bool note = false;           // worth knowing, but needs no repair
};

struct DoctorOptions {
  std::optional<int32_t> ignore = {};  // a value of masks that belongs to no class
  bool quiet = false;                  // no progress bar
};

struct Diagnosis {
  int64_t cases = 0;  // that were examined
  std::vector<Finding> findings;
  bool clean() const;  // nothing but notes
};

// The names of all checks with what each looks for, in the order in which they are made.
std::vector<std::pair<std::string, std::string>> doctor_checks();

// Examines a folder in one of the layouts of open_dataset: reads every image and mask once. What
// cannot be read is a finding; throws Error only when there is no such folder.
Diagnosis diagnose(const std::filesystem::path& folder, const DoctorOptions& options = {});

struct Treatment {
  Diagnosis before, after;  // of the folder, and of its copy
};

// Examines the folder, writes a complete copy to `out` in which every finding is repaired or the
// case left out, with a table of all changes in `doctor.csv`, and examines the copy. The folder
// itself is only read; a copy of a clean one is written, too. Throws Error when `out` is there
// already, lies in the folder, or cannot be written; it then does not exist.
Treatment repair(const std::filesystem::path& folder, const std::filesystem::path& out,
                 const DoctorOptions& options = {});

}  // namespace tessera::io
