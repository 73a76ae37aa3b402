#include "core/cuda/recorder.h"

#include "core/error.h"

namespace tessera::cuda {

Recording Recorder::recording_of(const std::function<void()>& work) {
  const std::lock_guard lock(order_);
  driver_.begin_recording();
  recording_ = std::this_thread::get_id();
  bool whole = true;
  try {
    work();
  } catch (const std::exception&) {  // if it is more than that, work will fail again when done
    whole = false;
  }
  recording_ = std::thread::id();
  const Recording made = driver_.end_recording();
  if (whole || !made) return made;
  driver_.forget(made);
  return nullptr;
}

void Recorder::require_no_recording() const {
  require(recording_.load() != std::this_thread::get_id(),
          "cuda: a recording must consist of launches");
}

std::unique_lock<std::recursive_mutex> Recorder::turn() {
  require_no_recording();
  return std::unique_lock(order_);
}

std::byte* Recorder::allocate(int64_t bytes) {
  require_no_recording();
  return driver_.allocate(bytes);
}

void Recorder::free(std::byte* block) {
  require_no_recording();
  driver_.free(block);
}

std::byte* Recorder::allocate_pinned(int64_t bytes) {
  require_no_recording();
  return driver_.allocate_pinned(bytes);
}

void Recorder::free_pinned(std::byte* block) {
  require_no_recording();
  driver_.free_pinned(block);
}

void Recorder::copy_in(std::byte* to, const std::byte* pinned, int64_t bytes) {
  const auto lock = turn();
  driver_.copy_in(to, pinned, bytes);
}

void Recorder::copy_out(std::byte* pinned, const std::byte* from, int64_t bytes) {
  const auto lock = turn();
  driver_.copy_out(pinned, from, bytes);
}

void Recorder::synchronize() {
  const auto lock = turn();
  ++waits_;
  driver_.synchronize();
}

Event Recorder::make_event() {
  require_no_recording();
  return driver_.make_event();
}

void Recorder::record(Event event) {
  const auto lock = turn();
  driver_.record(event);
}

void Recorder::wait(Event event) {
  require_no_recording();
  ++waits_;
  driver_.wait(event);
}

void* Recorder::load(const std::string& image) {
  require_no_recording();
  return driver_.load(image);
}

Function Recorder::function(void* module, const char* name) {
  return driver_.function(module, name);
}

void Recorder::launch(const Launch& launch) {
  const std::lock_guard lock(order_);
  driver_.launch(launch);
}

void Recorder::replay(Recording recording) {
  const auto lock = turn();
  driver_.replay(recording);
}

void Recorder::forget(Recording recording) {
  const auto lock = turn();
  driver_.forget(recording);
}

}  // namespace tessera::cuda
