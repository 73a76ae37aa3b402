#include <csignal>
#include <filesystem>
#include <iostream>
#include <thread>

#include <fmt/format.h>

#include "cli/command.h"
#include "core/error.h"
#include "core/settings.h"
#include "train/config.h"
#include "train/ranks.h"
#include "train/setup.h"
#include "train/stop.h"
#include "train/trainer.h"

namespace tessera::cli {

namespace {

// Begun by each of them, on its own device; `ranks` may be null.
int train_network(const train::TrainConfig& config, train::Ranks* ranks) {
  const std::filesystem::path out = config.out;
  train::Trainer trainer(config, ranks);
  std::signal(SIGPIPE, SIG_IGN);  // a pager that is closed does not end a training
  if (ranks && !ranks->first()) {
    train::StopRequest nobody_asks;
    trainer.run(nobody_asks);
    return kDone;
  }
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

int train_networks(const train::TrainConfig& given) {
  given.check();
  const std::vector<std::string> devices = train::split_list(given.device);
  if (devices.size() == 1) return train_network(given, nullptr);
  train::Ranks ranks(devices);
  train::TrainConfig config = given;
  config.quiet = config.quiet || !ranks.first();
  // Each has its part of the processors.
  const int processors = static_cast<int>(std::thread::hardware_concurrency());
  if (config.threads == 0) set_num_threads(std::max(1, processors / ranks.size()));
  return train_network(config, &ranks);
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
           "  tessera train --data D --out R --device cuda:0,cuda:1     on two GPUs\n"
           "Ctrl-C, or a file named `stop` in the folder of the run, saves and ends it.",
       .run = train_networks,
       .groups = {{"data", "What and where"},
                  {"epochs", "Training"},
                  {"channels", "Pictures and masks"},
                  {"seed", "Computing"},
                  {"val_every", "Validating, stopping and going on"}},
       .base = base});
}

}  // namespace tessera::cli
