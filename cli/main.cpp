// The program `tessera`: verbs over the library.

#include <exception>
#include <iostream>
#include <new>

#include "cli/command.h"
#include "core/error.h"
#include "core/nearest.h"

using namespace tessera;

namespace {

// What stands behind an unknown word or flag: the verbs or flags there are.
std::string hint(const CLI::App& program, const std::string& word) {
  const auto chosen = program.get_subcommands();
  std::vector<std::string> known;
  if (chosen.empty()) {
    for (const CLI::App* verb : program.get_subcommands([](const CLI::App*) { return true; })) {
      known.push_back(verb->get_name());
    }
  } else {
    for (const CLI::Option* option : chosen[0]->get_options()) {
      for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    }
  }
  return suggest(word.substr(0, word.find('=')), known);
}

int usage(const CLI::App& program, const CLI::ParseError& error) {
  if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
    return program.exit(error, std::cout, std::cerr);  // --help
  }
  std::cerr << "tessera: " << error.what() << "\n";
  const auto verbs = program.get_subcommands();
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    const auto words = program.remaining(true);
    if (!words.empty()) std::cerr << "  " << words[0] << ": " << hint(program, words[0]) << "\n";
  }
  std::cerr << "  see tessera " << (verbs.empty() ? "" : verbs[0]->get_name() + " ") << "--help\n";
  return cli::kUsage;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App program(
      "tessera trains networks that segment medical pictures, and uses them.\n"
      "Each verb explains itself: tessera train --help",
      "tessera");
  program.require_subcommand(1);
  program.failure_message(
      [](const CLI::App*, const CLI::Error& error) { return std::string(error.what()) + "\n"; });
  int status = cli::kDone;
  try {
    cli::add_train(program, status);
    cli::add_test(program, status);
    cli::add_predict(program, status);
    cli::add_forward(program, status);
    cli::add_zoo(program, status);
    cli::add_info(program, status);
    cli::add_gradcheck(program, status);
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return usage(program, error);
  } catch (const std::bad_alloc&) {
    std::cerr << "tessera: out of memory; try a smaller --batch or --size\n";
    return cli::kFailed;
  } catch (const std::exception& error) {
    std::cerr << "tessera: " << error.what() << "\n";
    return cli::kFailed;
  }
  return status;
}
