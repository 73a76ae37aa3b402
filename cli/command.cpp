#include "cli/command.h"

#include <algorithm>
#include <map>

#include <CLI/CLI.hpp>

#include "core/error.h"
#include "core/settings.h"

namespace tessera::cli {

namespace fs = std::filesystem;

namespace {

// The flag of a field: "max_minutes" is --max-minutes.
std::string flag_of(std::string field) {
  std::ranges::replace(field, '_', '-');
  return "--" + field;
}

// Adds the flag of a field. Returns how often it was given.
using Count = std::function<size_t()>;
template <class T>
Count add_flag(CLI::App& app, const train::Field& field, T& value, const std::string& group,
               bool positional) {
  const std::string name = flag_of(field.name) + (positional ? "," + std::string(field.name) : "");
  CLI::Option* option = app.add_option(name, value, field.help);
  option->capture_default_str()->take_last()->group(group);
  return [option] { return option->count(); };
}

// One that is off has a hidden --no- flag, for what a JSON file switched on.
Count add_flag(CLI::App& app, const train::Field& field, bool& value, const std::string& group,
               bool /*positional*/) {
  const std::string flag = flag_of(field.name), off = "--no-" + flag.substr(2);
  if (value) {
    const CLI::Option* both = app.add_flag(flag + ",!" + off, value, field.help)->group(group);
    return [both] { return both->count(); };
  }
  const CLI::Option* on = app.add_flag(flag, value, field.help)->group(group);
  const CLI::Option* hidden = app.add_flag_callback(off, [&value] { value = false; })->group("");
  return [on, hidden] { return on->count() + hidden->count(); };
}

}  // namespace

void add_verb(CLI::App& program, int& status, AnyVerb verb) {
  CLI::App* app = program.add_subcommand(verb.name, verb.summary);
  app->footer("Examples:\n" + verb.examples);
  const auto file = std::make_shared<std::string>();
  const auto counts = std::make_shared<std::map<std::string, Count>>();
  std::string group = "Options";
  for (const train::Field& field : verb.fields) {
    for (const auto& entry : verb.groups) group = entry.first == field.name ? entry.second : group;
    std::visit(
        [&](auto* value) {
          (*counts)[field.name] =
              add_flag(*app, field, *value, group,
                       field.name == verb.positional || field.name == verb.then_positional);
        },
        field.value);
  }
  app->add_option("--config", *file, "JSON file of these settings, such as a run's config.json")
      ->group(group);
  app->callback([=, verb = std::move(verb), &status] {
    const auto given = [&](const char* name) { return counts->at(name)() > 0; };
    const auto load_file = [&] {
      if (!file->empty()) train::load_fields(verb.fields, *file, given);
    };
    load_file();
    const std::string base = verb.base();
    if (!base.empty()) {
      train::load_fields(verb.fields, base, given);
      load_file();  // it goes before
    }
    status = verb.run();
  });
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
