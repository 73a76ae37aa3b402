#include "cli/command.h"

#include <algorithm>

#include "core/error.h"
#include "core/settings.h"

namespace tessera::cli {

namespace fs = std::filesystem;

std::string flag_of(std::string field) {
  std::ranges::replace(field, '_', '-');
  return "--" + field;
}

std::function<size_t()> add_switch(CLI::App& app, const std::string& field, bool& value,
                                   const std::string& help, const std::string& group) {
  const std::string flag = flag_of(field), off = "--no-" + flag.substr(2);
  if (value) {
    const CLI::Option* both = app.add_flag(flag + ",!" + off, value, help)->group(group);
    return [both] { return both->count(); };
  }
  const CLI::Option* on = app.add_flag(flag, value, help)->group(group);
  const CLI::Option* hidden = app.add_flag_callback(off, [&value] { value = false; })->group("");
  return [on, hidden] { return on->count() + hidden->count(); };
}

void make_folder(const char* verb, const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  require(!error && fs::is_directory(folder, error),
          "{}: the folder {} cannot be made: {}; give another --out", verb, folder.string(),
          error ? error.message() : "it is a file");
}

fs::path find_model(const char* verb, const std::string& model) {
  require(!model.empty(), "{}: which model? give a .tessera file or the folder of a run", verb);
  std::error_code error;
  const bool folder = fs::is_directory(model, error);
  fs::path file = folder ? fs::path(model) / "best.tessera" : fs::path(model);
  require(fs::exists(file, error),
          "{}: {} does not exist; give a .tessera file or the folder of a run", verb,
          file.string());
  return file;
}

void use_threads(const char* verb, int64_t threads) {
  constexpr int64_t kMost = 1024;
  require(threads >= 0 && threads <= kMost, "{}: threads must be from 0 to {}, got {}", verb, kMost,
          threads);
  if (threads > 0) set_num_threads(static_cast<int>(threads));
}

}  // namespace tessera::cli
