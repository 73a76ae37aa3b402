#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "train/fields.h"

namespace tessera::cli {

// What the program returns to the shell. A signal gives 128 + its number, as in shells.
inline constexpr int kDone = 0, kFailed = 1, kUsage = 2;

// A verb of the program. Its settings are the fields of `Config`, in order of precedence: the flag
// on the command line, the key in the JSON file of --config, that in the file of `base`, the
// default.
template <class Config>
struct Verb {
  std::string name, summary, examples;
  std::function<int(const Config&)> run;  // returns the exit status
  std::string positional = {};            // the field that needs no flag
  // Titles for the help: {"epochs", "Training"} stands above the field epochs and those behind it.
  std::vector<std::pair<std::string, std::string>> groups = {};
  // A file of settings that these settings ask for: those that a run was started with. Empty: none.
  std::function<std::string(const Config&)> base = {};
};

// The flag of a field: "max_minutes" is --max-minutes.
std::string flag_of(std::string field);

// The flag of a field that is true or false. One that is off has a hidden --no- flag, for what a
// JSON file switched on. Returns how often it was given.
std::function<size_t()> add_switch(CLI::App& app, const std::string& field, bool& value,
                                   const std::string& help, const std::string& group);

// Adds the verb to the program; `status` gets what it returns.
template <class Config>
void add_verb(CLI::App& program, int& status, const Verb<Config>& verb) {
  CLI::App* app = program.add_subcommand(verb.name, verb.summary);
  app->footer("Examples:\n" + verb.examples);
  const auto config = std::make_shared<Config>();
  const auto file = std::make_shared<std::string>();
  const auto counts = std::make_shared<std::map<std::string, std::function<size_t()>>>();
  std::string group = "Options";
  Config::fields(*config, [&](const char* name, auto& value, const char* help) {
    for (const auto& entry : verb.groups) group = entry.first == name ? entry.second : group;
    if constexpr (std::is_same_v<std::remove_reference_t<decltype(value)>, bool>) {
      (*counts)[name] = add_switch(*app, name, value, help, group);
    } else {
      const std::string positional = name == verb.positional ? "," + std::string(name) : "";
      CLI::Option* option = app->add_option(flag_of(name) + positional, value, help);
      option->capture_default_str()->take_last()->group(group);
      (*counts)[name] = [option] { return option->count(); };
    }
  });
  app->add_option("--config", *file, "JSON file of these settings, such as a run's config.json")
      ->group(group);
  app->callback([=, &status] {
    const auto given = [&](const char* name) { return counts->at(name)() > 0; };
    const auto load_file = [&] {
      if (!file->empty()) train::load_fields(*config, *file, given);
    };
    load_file();
    const std::string base = verb.base ? verb.base(*config) : "";
    if (!base.empty()) {
      train::load_fields(*config, base, given);
      load_file();  // it goes before
    }
    status = verb.run(*config);
  });
}

// Makes the folder that a verb writes into. Throws Error when that is not possible.
void make_folder(const char* verb, const std::filesystem::path& folder);

// The model file that --model means: itself, or best.tessera in the folder of a run. Throws Error
// when there is none.
std::filesystem::path find_model(const char* verb, const std::string& model);

// Sets how many threads compute; 0 leaves all processors. Throws Error for less or far too many.
void use_threads(const char* verb, int64_t threads);

void add_train(CLI::App& program, int& status);
void add_test(CLI::App& program, int& status);
void add_predict(CLI::App& program, int& status);
void add_postprocess(CLI::App& program, int& status);
void add_forward(CLI::App& program, int& status);
void add_zoo(CLI::App& program, int& status);
void add_losses(CLI::App& program, int& status);
void add_info(CLI::App& program, int& status);
void add_convert(CLI::App& program, int& status);
void add_reorient(CLI::App& program, int& status);
void add_resample(CLI::App& program, int& status);
void add_gradcheck(CLI::App& program, int& status);
void add_augment(CLI::App& program, int& status);

}  // namespace tessera::cli
