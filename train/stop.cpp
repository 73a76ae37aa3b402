#include "train/stop.h"

#include <chrono>
#include <csignal>

#include <fmt/format.h>

namespace tessera::train {

namespace {

volatile std::sig_atomic_t caught = 0;

void note_signal(int number) {
  caught = number;
  std::signal(number, SIG_DFL);
}

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace

StopRequest::StopRequest(std::filesystem::path file, double minutes)
    : file_(std::move(file)), started_(seconds()), limit_seconds_(minutes * 60) {
  caught = 0;
  old_interrupt_ = std::signal(SIGINT, note_signal);
  old_terminate_ = std::signal(SIGTERM, note_signal);
  old_hang_up_ = std::signal(SIGHUP, note_signal);
  if (old_hang_up_ == SIG_IGN) std::signal(SIGHUP, SIG_IGN);
}

StopRequest::~StopRequest() {
  std::signal(SIGINT, old_interrupt_);
  std::signal(SIGTERM, old_terminate_);
  std::signal(SIGHUP, old_hang_up_);
}

int StopRequest::signal() {
  return caught;
}

const std::string& StopRequest::reason() {
  if (!reason_.empty()) return reason_;
  const double now = seconds();
  if (caught != 0) {
    reason_ = "interrupted";
  } else if (limit_seconds_ > 0 && now - started_ >= limit_seconds_) {
    reason_ = fmt::format("{:.3g} minutes are over", limit_seconds_ / 60);
  } else if (!file_.empty() && now - looked_ >= 0.1) {
    looked_ = now;
    std::error_code error;
    if (std::filesystem::remove(file_, error)) {
      reason_ = fmt::format("{} was found", file_.filename().string());
    }
  }
  return reason_;
}

}  // namespace tessera::train
