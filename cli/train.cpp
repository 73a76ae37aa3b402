#include <csignal>
#include <filesystem>
#include <iostream>

#include <fmt/format.h>

#include "cli/command.h"
#include "core/error.h"
#include "train/config.h"
#include "train/stop.h"
#include "train/trainer.h"

namespace tessera::cli {

namespace {

int train_network(const train::TrainConfig& config) {
  const std::filesystem::path out = config.out;
  train::Trainer trainer(config);
  std::signal(SIGPIPE, SIG_IGN);  // a pager that is closed does not end a training
  train::StopRequest stop(out / "stop", config.max_minutes);
  const train::Outcome outcome = trainer.run(stop);
  if (!outcome.stopped.empty()) {
    std::cout << fmt::format(
        "stopped after {} epochs: {}; everything is saved. Go on with\n"
        "  tessera train --out {} --resume\n",
        outcome.epochs, outcome.stopped, out.string());
  }
  std::cout << fmt::format("best model: {} (epoch {}, validation Dice {:.4f})\nreport: {}\n",
                           (out / "best.tessera").string(), outcome.best_epoch, outcome.best_dice,
                           (out / "report.html").string());
  const int signal = train::StopRequest::signal();
  return signal == 0 ? kDone : 128 + signal;
}

}  // namespace

void add_train(CLI::App& program, int& status) {
  const auto base = [](const train::TrainConfig& config) {
    if (!config.resume) return std::string();
    std::filesystem::path settings = std::filesystem::path(config.out) / "config.json";
    require(!config.out.empty() && std::filesystem::exists(settings),
            "train: '{}' holds no run to resume; give its folder with --out", config.out);
    return settings.string();
  };
  add_verb<train::TrainConfig>(
      program, status,
      {.name = "train",
       .summary = "train a network on a folder of pictures and masks",
       .examples =
           "  tessera train --data data/open_brain_mr --out runs/brain\n"
           "  tessera train --data D --out R --model 'unet(width=32)' --size 256 --epochs 100\n"
           "  tessera train --out R --resume --epochs 200     go on, with the settings it "
           "had\n"
           "Ctrl-C, or a file named `stop` in the folder of the run, saves and ends it.",
       .run = train_network,
       .groups = {{"data", "What and where"},
                  {"epochs", "Training"},
                  {"channels", "Pictures and masks"},
                  {"seed", "Computing"},
                  {"val_every", "Validating, stopping and going on"}},
       .base = base});
}

}  // namespace tessera::cli
