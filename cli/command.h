#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "train/fields.h"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11 calls it so
class App;
}

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
  std::string then_positional = {};  // a second field that needs no flag
};

// A verb whose settings are pointed at by `fields`: what a Verb is when it is known to the program.
struct AnyVerb {
  std::string name, summary, examples, positional;
  std::vector<std::pair<std::string, std::string>> groups;
  std::vector<train::Field> fields;
  std::function<int()> run;
  std::function<std::string()> base;
  std::string then_positional = {};
};

// Adds the verb to the program; `status` gets what it returns.
void add_verb(CLI::App& program, int& status, AnyVerb verb);
template <class Config>
void add_verb(CLI::App& program, int& status, const Verb<Config>& verb) {
  const auto config = std::make_shared<Config>();
  add_verb(program, status,
           {verb.name, verb.summary, verb.examples, verb.positional, verb.groups,
            train::fields_of(*config), [config, run = verb.run] { return run(*config); },
            [config, base = verb.base] { return base ? base(*config) : std::string(); },
            verb.then_positional});
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
void add_eval(CLI::App& program, int& status);
void add_postprocess(CLI::App& program, int& status);
void add_forward(CLI::App& program, int& status);
void add_zoo(CLI::App& program, int& status);
void add_losses(CLI::App& program, int& status);
void add_data(CLI::App& program, int& status);
void add_info(CLI::App& program, int& status);
void add_convert(CLI::App& program, int& status);
void add_reorient(CLI::App& program, int& status);
void add_resample(CLI::App& program, int& status);
void add_dataset(CLI::App& program, int& status);
void add_doctor(CLI::App& program, int& status);
void add_gradcheck(CLI::App& program, int& status);
void add_augment(CLI::App& program, int& status);

}  // namespace tessera::cli
