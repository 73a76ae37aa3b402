#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>

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
  // A file of settings that these settings ask for: those that a run was started with. Empty: none.
  std::function<std::string(const Config&)> base = {};
};

// The flag of a field: "max_minutes" is --max-minutes.
inline std::string flag_of(std::string field) {
  std::ranges::replace(field, '_', '-');
  return "--" + field;
}

// Adds the verb to the program; `status` gets what it returns.
template <class Config>
void add_verb(CLI::App& program, int& status, const Verb<Config>& verb) {
  CLI::App* app = program.add_subcommand(verb.name, verb.summary);
  app->footer("examples:\n" + verb.examples);
  const auto config = std::make_shared<Config>();
  const auto file = std::make_shared<std::string>();
  Config::fields(*config, [&](const char* name, auto& value, const char* help) {
    const std::string flag = flag_of(name);
    if constexpr (std::is_same_v<std::remove_reference_t<decltype(value)>, bool>) {
      app->add_flag(flag + ",!--no-" + flag.substr(2), value, help);
    } else {
      const std::string positional = name == verb.positional ? "," + flag.substr(2) : "";
      app->add_option(flag + positional, value, help)->capture_default_str();
    }
  });
  app->add_option("--config", *file, "JSON file of these settings, such as a run's config.json");
  app->callback([=, &status] {
    const auto given = [&](const char* name) {
      return app->get_option(flag_of(name))->count() > 0;
    };
    const std::string base = verb.base ? verb.base(*config) : "";
    if (!base.empty()) train::load_fields(*config, base, given);
    if (!file->empty()) train::load_fields(*config, *file, given);
    status = verb.run(*config);
  });
}

void add_train(CLI::App& program, int& status);
void add_test(CLI::App& program, int& status);
void add_predict(CLI::App& program, int& status);
void add_forward(CLI::App& program, int& status);
void add_zoo(CLI::App& program, int& status);
void add_info(CLI::App& program, int& status);
void add_gradcheck(CLI::App& program, int& status);

}  // namespace tessera::cli
