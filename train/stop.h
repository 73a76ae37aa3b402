#pragma once

#include <filesystem>
#include <string>

namespace tessera::train {

// Asks a long computation to stop at its next step, so that nothing is lost. While one of these
// lives, Ctrl-C (SIGINT), SIGTERM, and SIGHUP unless it is ignored (nohup), ask; a second one ends
// the program at once. So do a file and a time limit. One at a time.
class StopRequest {
 public:
  // `file`: stop when it exists; empty: none. `minutes`: stop after so many; 0: no limit.
  explicit StopRequest(std::filesystem::path file = {}, double minutes = 0);
  ~StopRequest();
  StopRequest(const StopRequest&) = delete;
  StopRequest& operator=(const StopRequest&) = delete;

  // Why to stop, "interrupted" for a signal; empty: go on. Looks for the file at most ten times a
  // second. A stop file is deleted when it is found, so that the next run is not stopped by it.
  const std::string& reason();
  // The signal that asked, or 0.
  static int signal();

 private:
  std::filesystem::path file_;
  double started_, limit_seconds_, looked_ = 0;
  std::string reason_;
  void (*old_interrupt_)(int);
  void (*old_terminate_)(int);
  void (*old_hang_up_)(int);
};

}  // namespace tessera::train
