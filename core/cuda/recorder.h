#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>

#include "core/cuda/driver.h"

namespace tessera::cuda {

// A driver that can record launches. While a thread records, what it asks for besides launches is
// an Error, since a replay would not do it again: memory, copies, waiting, loading of code. Other
// threads wait with what goes to the stream, or it would be recorded, too.
class Recorder final : public Driver {
 public:
  explicit Recorder(Driver& driver) : driver_(driver) {}

  // Records what `work` launches instead of doing it. Null when it asked for something else, or
  // failed, or the driver cannot record it.
  Recording recording_of(const std::function<void()>& work);

  // How often the processor has waited for the GPU.
  int64_t waits() const { return waits_; }

  // Throws Error if the calling thread records.
  void require_no_recording() const;

  const GpuInfo& info() const override { return driver_.info(); }
  std::byte* allocate(int64_t bytes) override;
  void free(std::byte* block) override;
  std::byte* allocate_pinned(int64_t bytes) override;
  void free_pinned(std::byte* block) override;
  void copy_in(std::byte* to, const std::byte* pinned, int64_t bytes) override;
  void copy_out(std::byte* pinned, const std::byte* from, int64_t bytes) override;
  void synchronize() override;
  Event make_event() override;
  void record(Event event) override;
  void wait(Event event) override;
  void* load(const std::string& image) override;
  Function function(void* module, const char* name) override;
  void launch(const Launch& launch) override;
  void begin_recording() override { driver_.begin_recording(); }
  Recording end_recording() override { return driver_.end_recording(); }
  void replay(Recording recording) override;
  void forget(Recording recording) override;
  void* native_stream() override { return driver_.native_stream(); }

 private:
  // Held by what goes to the stream, and as long as a thread records.
  std::unique_lock<std::recursive_mutex> turn();

  Driver& driver_;
  std::recursive_mutex order_;
  std::atomic<int64_t> waits_ = 0;
  std::atomic<std::thread::id> recording_;  // the thread that records, or none
};

}  // namespace tessera::cuda
