#include "cli/volume_job.h"

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/command.h"
#include "core/error.h"
#include "io/progress.h"

namespace tessera::cli {

namespace {

namespace fs = std::filesystem;

struct Task {
  fs::path from, to;
};

// The name of a result in the folder --out.
fs::path named(const fs::path& from, const VolumeSettings& settings) {
  const std::string stem = io::volume_stem(from);
  const std::string name = from.filename().string();
  if (settings.format.empty()) return fs::path(settings.out) / name;
  const std::string dot = settings.format.starts_with('.') ? "" : ".";
  return fs::path(settings.out) / (stem + dot + settings.format);
}

std::vector<Task> list_tasks(const char* verb, const VolumeSettings& settings) {
  const fs::path input = settings.input;
  std::error_code error;
  require(fs::exists(input, error), "{}: there is no {}", verb, settings.input);
  const bool to_file = io::is_volume_name(settings.out) && !fs::is_directory(settings.out, error);
  if (!fs::is_directory(input, error) || to_file) {
    return {{input, to_file ? fs::path(settings.out) : named(input, settings)}};
  }
  std::vector<Task> tasks;
  for (const fs::directory_entry& entry : fs::directory_iterator(input)) {
    const bool slice = entry.path().extension() == ".dcm";
    if (entry.is_regular_file(error) && io::is_volume_name(entry.path()) && !slice) {
      tasks.push_back({entry.path(), named(entry.path(), settings)});
    }
  }
  require(!tasks.empty(),
          "{}: there are no volumes in the folder {}; for a DICOM series, name a "
          "file in --out, such as ct.nii.gz",
          verb, settings.input);
  std::sort(tasks.begin(), tasks.end(),
            [](const Task& a, const Task& b) { return a.from < b.from; });
  return tasks;
}

// Nothing is lost and no two volumes get one name.
void check_names(const char* verb, const std::vector<Task>& tasks, bool force) {
  std::set<fs::path> names;
  int64_t existing = 0;
  fs::path first;
  for (const Task& task : tasks) {
    require(names.insert(task.to).second, "{}: two volumes would be written to {}", verb,
            task.to.string());
    require(io::is_volume_name(task.to), "{}: {} is no name of a volume; try --format nii.gz", verb,
            task.to.string());
    std::error_code error;
    if (!fs::exists(task.to, error)) continue;
    if (existing++ == 0) first = task.to;
  }
  require(force || existing == 0, "{}: {} exists{}; --force replaces it", verb, first.string(),
          existing > 1 ? fmt::format(", and {} others", existing - 1) : "");
}

}  // namespace

int run_volume_job(const char* verb, const char* done, const VolumeSettings& settings,
                   const std::function<io::Volume(io::Volume)>& change) {
  require(!settings.input.empty(), "{}: which volume? give a file or a folder", verb);
  require(!settings.out.empty(), "{}: where should the result be? give --out FILE or DIR", verb);
  use_threads(verb, settings.threads);
  const std::vector<Task> tasks = list_tasks(verb, settings);
  check_names(verb, tasks, settings.force);
  const fs::path folder = tasks[0].to.parent_path();
  make_folder(verb, folder.empty() ? "." : folder);

  io::Progress progress(done, std::ssize(tasks), {.quiet = settings.quiet, .unit = "volumes"});
  std::vector<std::string> refused;
  bool lost = false;
  for (const Task& task : tasks) {
    progress.note(task.from.filename().string());
    try {
      io::save_volume(change(io::load_volume(task.from)), task.to, settings.compress);
      lost |= io::keeps_geometry(task.from) && !io::keeps_geometry(task.to);
    } catch (const Error& error) {
      refused.push_back(fmt::format("{}: {}", task.from.string(), error.what()));
    }
    progress.advance();
  }
  progress.clear();
  const size_t written = tasks.size() - refused.size();
  std::cout << fmt::format("{} volume{} {}: {}\n", written, written == 1 ? "" : "s", done,
                           settings.out);
  if (lost) std::cout << "note: this format does not keep spacing, origin and orientation\n";
  require(refused.empty(), "{}: {} of {} volumes were left out:\n  {}", verb, refused.size(),
          tasks.size(), fmt::join(refused, "\n  "));
  return kDone;
}

}  // namespace tessera::cli
