#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/buffer.h"
#include "core/fuser.h"
#include "core/op.h"
#include "core/plan.h"
#include "core/replay.h"

namespace tessera {

// Bytes that are ready to be copied to a device.
class Parcel {
 public:
  virtual ~Parcel() = default;
  // Does not wait. Once at most.
  virtual void send(std::byte* to) = 0;
};

// What the evaluator asks of a device. Work is done in the order in which it was asked for, but
// not before these functions return: only `read` waits for it.
class Backend {
 public:
  virtual ~Backend() = default;

  // A block of at least `bytes` bytes from the device's caching pool, aligned to 64, and its size
  // through `capacity`; nullptr when the device has no memory left. A block that was given back may
  // be taken at once: what was asked for earlier is done with it before.
  virtual std::byte* take(int64_t bytes, int64_t& capacity) = 0;
  virtual void give(std::byte* block, int64_t capacity) = 0;
  virtual void trim() = 0;  // returns what is cached to the system
  virtual MemoryStats memory() const = 0;
  virtual void reset_peak() = 0;

  // Whether values that die within a run may lie channels-last (see core/layout.h).
  virtual bool channels_last() const { return false; }

  // What `run` needs of a program besides its list; kept with the plan.
  virtual std::shared_ptr<const Prepared> prepare(const Program& program) = 0;

  virtual void run(const Group& program, std::span<std::byte* const> slots) = 0;
  virtual void run(const KernelOp& op, std::span<const Array> inputs, const Array& output) = 0;
  // Both, the program on the parts of the result that are finished, where that saves time.
  virtual void run_joined(const KernelOp& op, std::span<const Array> inputs, const Array& output,
                          const Group& program, std::span<std::byte* const> slots) {
    run(op, inputs, output);
    run(program, slots);
  }

  // Called before the first run of a plan with what that run will do, to see what has to be
  // prepared: nothing is computed.
  virtual void rehearse(const std::function<void()>& /*work*/) {}

  // Does `work`, which consists of calls of the above for the steps of the plan, or what amounts to
  // the same: `footprint` has all that they depend on besides the plan (addresses, call sites).
  virtual void run_plan(const std::shared_ptr<const Plan>& /*plan*/, std::string_view /*footprint*/,
                        const std::function<void()>& work) {
    work();
  }
  virtual ReplayStats replays() const { return {}; }

  // A copy of these bytes from which the device copies by itself. Any thread may make it.
  virtual std::unique_ptr<Parcel> pack(const void* from, int64_t bytes);

  // All steps of a plan were asked for: what waits for more of them need not wait any longer.
  virtual void finish() {}

  // Copies between the processor's memory and the device's; `from` may change after `write`.
  virtual void write(std::byte* to, const void* from, int64_t bytes) = 0;
  virtual void read(void* to, const std::byte* from, int64_t bytes) = 0;
};

// The backend of a device. Throws Error when the device is not there, saying why.
Backend& backend(Device device);

// The processor, and the GPUs that were asked for so far.
std::vector<Device> devices_in_use();

// Puts a backend in the place of a device's own, for tests; null restores that.
void set_backend(Device device, std::shared_ptr<Backend> replacement);

}  // namespace tessera
