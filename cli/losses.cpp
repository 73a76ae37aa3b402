#include <iostream>

#include "cli/command.h"
#include "core/error.h"
#include "core/nearest.h"
#include "io/table.h"
#include "nn/loss/loss_table.h"

namespace tessera::cli {

namespace {

struct LossesConfig {
  std::string name;

  template <class Config, class F>
  static void fields(Config& c, F f) {
    f("name", c.name, "loss to describe, such as dice; none: all are listed");
  }
};

void list_losses() {
  io::Table table({"loss", "what it is", "presets", "paper"});
  for (const nn::LossEntry& entry : nn::losses()) {
    std::string presets;
    for (const auto& preset : entry.presets) presets += (presets.empty() ? "" : " ") + preset.name;
    table.row({entry.name, entry.title, presets, entry.paper});
  }
  std::cout << table << "\nA sum of them is what --loss takes: 0.5*dice + 0.5*ce\n"
            << "Options and presets of one: tessera losses dice\n";
}

void describe(const std::string& name) {
  const nn::LossEntry* entry = nn::find_loss(name);
  if (entry == nullptr) {
    fail("losses: there is no loss '" + name + "'; " + suggest(name, nn::loss_names()));
  }
  std::cout << entry->name << ": " << entry->title << "\n";
  if (!entry->paper.empty()) std::cout << entry->paper << "\n";
  io::Table options({"option", "default", "meaning"});
  for (const auto& option : entry->options) {
    options.row({option.name, option.value, option.meaning});
  }
  std::cout << "\n" << options;
  io::Table presets({"preset", "differs by"});
  for (const auto& preset : entry->presets) {
    presets.row(
        {entry->name + ":" + preset.name, preset.options.empty() ? "nothing" : preset.options});
  }
  if (presets.size() > 0) std::cout << "\n" << presets;
}

}  // namespace

void add_losses(CLI::App& program, int& status) {
  add_verb<LossesConfig>(program, status,
                         {.name = "losses",
                          .summary = "list the losses, or the options and presets of one",
                          .examples = "  tessera losses\n"
                                      "  tessera losses dice",
                          .run =
                              [](const LossesConfig& config) {
                                config.name.empty() ? list_losses() : describe(config.name);
                                return kDone;
                              },
                          .positional = "name"});
}

}  // namespace tessera::cli
