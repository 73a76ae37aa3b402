#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "core/cuda/backend.h"
#include "core/cuda/compiler.h"
#include "core/cuda/driver.h"

namespace tessera::testing {

// A driver whose GPU is the processor, so that everything above it can be tested without one: its
// memory is ordinary memory, everything is done at once, and a kernel is computed block after
// block by code that HostKernels compiled. It writes down what it was asked for and can run out of
// memory. Wrong use (a block freed twice, a copy past a block's end) is an error.
class HostDriver : public cuda::Driver {
 public:
  ~HostDriver() override;
  const cuda::GpuInfo& info() const override { return info_; }
  std::byte* allocate(int64_t bytes) override;
  void free(std::byte* block) override;
  std::byte* allocate_pinned(int64_t bytes) override;
  void free_pinned(std::byte* block) override;
  void copy_in(std::byte* to, const std::byte* pinned, int64_t bytes) override;
  void copy_out(std::byte* pinned, const std::byte* from, int64_t bytes) override;
  void synchronize() override { note("synchronize"); }
  cuda::Event make_event() override;
  void record(cuda::Event event) override;
  void wait(cuda::Event event) override;
  void* load(const std::string& image) override;
  cuda::Function function(void* module, const char* name) override;
  void launch(const cuda::Launch& launch) override;
  void begin_recording() override;
  cuda::Recording end_recording() override;
  void replay(cuda::Recording recording) override;
  void forget(cuda::Recording recording) override;
  void* native_stream() override { return this; }

  // Does what a library or a kernel would do in the stream, or records it.
  void in_stream(std::function<void()> work);
  // The driver whose native_stream() that is.
  static HostDriver& of(void* stream) { return *static_cast<HostDriver*>(stream); }

  bool dry = false;                                 // launches compute nothing
  std::vector<std::string> calls;                   // such as "copy_in 64", "launch 3x1"
  int64_t memory = int64_t{1} << 40;                // bytes that can be allocated
  size_t blocks() const { return blocks_.size(); }  // not freed
  size_t pinned() const { return pinned_.size(); }
  size_t recordings() const { return recordings_.size(); }  // not forgotten
  bool records = true;                                      // recording works

 private:
  std::recursive_mutex mutex_;  // threads that read ahead pin memory
  using Work = std::vector<std::function<void()>>;
  void note(std::string call);
  using Blocks = std::map<const std::byte*, int64_t>;
  static void check_inside(const Blocks& blocks, const std::byte* first, int64_t bytes);

  cuda::GpuInfo info_{"the processor", 90, int64_t{1} << 40};
  Blocks blocks_, pinned_;
  std::vector<std::unique_ptr<bool>> events_;  // whether recorded
  std::vector<std::unique_ptr<std::string>> images_;
  std::unique_ptr<Work> recording_;
  std::map<Work*, std::unique_ptr<Work>> recordings_;
};

// How many of the calls begin so.
int64_t count(const std::vector<std::string>& calls, std::string_view prefix);

// Several texts of kernels as one, in which those of text number k are called program<k> and
// join<k>.
std::string joined(const std::vector<std::string>& texts);

// Texts of kernels compiled for the processor, many at a time, since starting the compiler takes
// longer than compiling one. It needs the C++ compiler the tests were built with.
class HostKernels {
 public:
  static HostKernels& instance();

  // Compiles those texts that were not compiled before.
  void compile(const std::set<std::string>& texts);

  struct Kernel {
    void (*program)(const void*) = nullptr;
    void (*join)(const void*) = nullptr;
    int64_t* block = nullptr;  // x and y of the block that a call computes
  };
  const Kernel& find(const std::string& text);

 private:
  std::map<std::string, Kernel> by_text_;
};

// A compiler that only writes down what it is asked for; HostKernels has the code.
class HostCompiler : public cuda::Compiler {
 public:
  std::string version() const override { return "host"; }
  std::string compile(const std::string& text, int) const override {
    const std::lock_guard lock(mutex);
    texts.insert(text);
    return text;
  }
  mutable std::mutex mutex;
  mutable std::set<std::string> texts;
};

// The same elements in another format.
void copy_elements(const Array& from, const Array& to);

// A GPU backend on the HostDriver, with libraries that compute there, too. While `collecting`, the
// processor's own kernels compute, so that all texts can be compiled together afterwards; that, and
// `bare`, goes without the libraries.
enum class HostGpuMode : uint8_t { whole, bare, collecting };
class HostGpu : public cuda::GpuBackend {
 public:
  explicit HostGpu(HostGpuMode mode);
  void run(const Group& step, std::span<std::byte* const> slots) override;
  void run(const KernelOp& op, std::span<const Array> inputs, const Array& output) override;
  void rehearse(const std::function<void()>& work) override;
  void run_plan(const std::shared_ptr<const Plan>& plan, std::string_view footprint,
                const std::function<void()>& work) override;

  HostDriver& driver() { return *driver_; }
  // What was to be compiled.
  const std::set<std::string>& texts() {
    stream().kernels().finish();
    return compiler_->texts;
  }

 private:
  HostGpu(HostGpuMode mode, HostDriver* driver, HostCompiler* compiler);
  const bool collecting_;
  HostDriver* const driver_;
  HostCompiler* const compiler_;
};

// op.run_cuda on arrays of which those of three and more axes are channels-last, whatever they say.
void run_channels_last(const KernelOp& op, cuda::Stream& stream, std::span<const Array> inputs,
                       const Array& output);

// The GPU that is the processor; there is one while a WithHostGpu is alive. Each has a number of
// its own, since plans are kept by device.
Device host_gpu();

class WithHostGpu {
 public:
  explicit WithHostGpu(HostGpuMode mode = HostGpuMode::whole);
  ~WithHostGpu() { set_backend(host_gpu(), nullptr); }
  WithHostGpu(const WithHostGpu&) = delete;
  WithHostGpu& operator=(const WithHostGpu&) = delete;
  HostGpu& operator*() const { return *gpu_; }
  HostGpu* operator->() const { return gpu_.get(); }

 private:
  std::shared_ptr<HostGpu> gpu_;
};

}  // namespace tessera::testing
