// The program `tessera`: verbs over the library.

#include <csignal>
#include <exception>
#include <iostream>
#include <new>
#include <sstream>

#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "core/error.h"
#include "core/nearest.h"

using namespace tessera;

namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  tessera train --data data/open_brain_mr --out runs/brain\n"
    "  tessera test runs/brain\n"
    "  tessera predict --model runs/brain --input pictures --out predicted --overlays\n"
    "\n"
    "Each verb explains itself: tessera train --help\n"
    "\n"
    "Exit status:\n"
    "  0     done\n"
    "  1     it could not be done; the reason is on standard error\n"
    "  2     the command line was not understood\n"
    "  128+n stopped by signal n, after everything was saved: 130 for Ctrl-C, 143 for SIGTERM";

// The guess of suggest() without the list of all there are: --help has that.
std::string guess(const std::string& word, const std::vector<std::string>& known) {
  const std::string text = suggest(word.substr(0, word.find('=')), known);
  return text.starts_with("did") ? text.substr(0, text.find('?') + 1) : "";
}

// What stands behind an unknown word or flag.
std::string hint(const CLI::App& program, const std::string& word) {
  const auto chosen = program.get_subcommands();
  if (chosen.empty()) {
    std::vector<std::string> verbs;
    for (const CLI::App* verb : program.get_subcommands([](const CLI::App*) { return true; })) {
      verbs.push_back(verb->get_name());
    }
    return guess(word, verbs);
  }
  std::vector<std::string> flags;
  for (const CLI::Option* option : chosen[0]->get_options()) {
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  }
  return guess(word, flags);
}

// The word that was not understood: the first flag, else the first word.
std::string unknown_word(const CLI::App& program) {
  const std::vector<std::string> words = program.remaining(true);
  const auto flag =
      std::ranges::find_if(words, [](const std::string& word) { return word.starts_with('-'); });
  if (flag != words.end()) return *flag;
  return words.empty() ? "" : words[0];
}

int usage(const CLI::App& program, const CLI::ParseError& error) {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    return program.exit(error, std::cout, std::cerr);  // --help, --version
  }
  const auto verbs = program.get_subcommands();
  const std::string verb = verbs.empty() ? "" : verbs[0]->get_name();
  const std::string word = unknown_word(program);
  if (verb.empty() && word.empty()) {
    std::cerr << program.help();
    return cli::kUsage;
  }
  const char* what = verb.empty() ? "verb" : word.starts_with('-') ? "flag" : "use for";
  std::cerr << "tessera" << (verb.empty() ? "" : " " + verb) << ": ";
  if (word.empty()) {
    std::cerr << error.what() << "\n";
  } else {
    const std::string nearest = hint(program, word);
    std::cerr << "there is no " << what << " '" << word << "'" << (nearest.empty() ? "" : "; ")
              << nearest << "\n";
  }
  std::cerr << "  see tessera " << (verb.empty() ? "" : verb + " ") << "--help\n";
  return cli::kUsage;
}

// The text of an error without the places in the library that it names for programmers.
std::string for_users(const std::string& text) {
  std::istringstream lines(text);
  std::string line, kept;
  while (std::getline(lines, line)) {
    if (!line.starts_with("  at ")) kept += (kept.empty() ? "" : "\n") + line;
  }
  return kept;
}

int run(int argc, char** argv) {
  CLI::App program("tessera trains networks that segment medical pictures, and uses them.",
                   "tessera");
  program.require_subcommand(1);
  program.footer(kExamples);
  program.set_version_flag("--version", "tessera " TESSERA_VERSION, "Print the version and exit");
  constexpr size_t kFlagColumns = 28;
  program.get_formatter()->column_width(kFlagColumns);
  int status = cli::kDone;
  cli::add_train(program, status);
  cli::add_test(program, status);
  cli::add_predict(program, status);
  cli::add_eval(program, status);
  cli::add_postprocess(program, status);
  cli::add_forward(program, status);
  cli::add_zoo(program, status);
  cli::add_losses(program, status);
  cli::add_data(program, status);
  cli::add_info(program, status);
  cli::add_convert(program, status);
  cli::add_reorient(program, status);
  cli::add_resample(program, status);
  cli::add_dataset(program, status);
  cli::add_doctor(program, status);
  cli::add_gradcheck(program, status);
  cli::add_augment(program, status);
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return usage(program, error);
  }
  require(std::cout.flush().good(), "standard output cannot be written; is the disk full?");
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  // A file that grows beyond the limit of the shell is an error to report, as a full disk is.
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    return run(argc, argv);
  } catch (const std::bad_alloc&) {
    std::cerr << "tessera: out of memory; try a smaller --batch, --size or network\n";
  } catch (const std::exception& error) {
    std::cerr << "tessera: " << for_users(error.what()) << "\n";
  }
  return cli::kFailed;
}
