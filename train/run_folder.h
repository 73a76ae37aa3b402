#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "io/file_lock.h"
#include "io/json.h"
#include "io/run_log.h"
#include "train/config.h"
#include "train/evaluate.h"

namespace tessera::train {

// The files of one training run; see Trainer for what they are.
class RunFolder {
 public:
  // Makes the folder. Throws Error when it cannot be made, when it already holds a run that is not
  // to be resumed, or when a run is going on in it.
  RunFolder(const TrainConfig& config, const std::vector<std::string>& labels);

  // Begins the log, or continues it behind so many epochs.
  void open_log(int64_t epochs_done);
  // Adds an epoch to log and curves. Without an evaluation its numbers are left out.
  struct Epoch {
    int64_t number = 0;
    double lr = 0, loss = 0, seconds = 0;
    const Evaluation* evaluation = nullptr;
  };
  void add(const Epoch& epoch);
  const io::RunHistory& history() const { return log_->history(); }
  // The same as JSON, [{"epoch": 1, "loss": ...}, ...], for model files.
  io::Json history_json() const;
  // The newest epoch in a line for people.
  std::string last_line(int64_t epochs, bool best) const;

  // Pictures of the worst cases and the page that shows everything.
  void write_report(const infer::Model& model, const io::Dataset& set,
                    std::span<const io::Case> cases, const Evaluation& evaluation) const;

  std::filesystem::path config_file() const { return folder_ / "config.json"; }
  std::filesystem::path best() const { return folder_ / "best.tessera"; }
  std::filesystem::path last() const { return folder_ / "last.tessera"; }

 private:
  void remove_parts() const;

  std::filesystem::path folder_;
  TrainConfig config_;
  std::vector<std::string> labels_;
  std::unique_ptr<io::FileLock> lock_;
  std::unique_ptr<io::RunLog> log_;
};

}  // namespace tessera::train
