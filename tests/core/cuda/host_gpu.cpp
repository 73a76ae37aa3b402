#include "tests/core/cuda/host_gpu.h"

#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>

#include "core/cpu/interpreter.h"
#include "core/error.h"
#include "tests/core/cuda/fake_cublaslt.h"
#include "tests/core/cuda/fake_cudnn.h"

namespace tessera::testing {

namespace {

constexpr const char* kBegin = "using namespace tessera;\n";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (size_t i = 0; (i = text.find(from, i)) != std::string::npos; i += to.size())
    text.replace(i, from.size(), to);
  return text;
}

}  // namespace

HostDriver::~HostDriver() {
  for (const auto& [block, bytes] : blocks_) std::free(const_cast<std::byte*>(block));
  for (const auto& [block, bytes] : pinned_) std::free(const_cast<std::byte*>(block));
}

std::byte* HostDriver::allocate(int64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (bytes > memory) return nullptr;
  memory -= bytes;
  note("allocate " + std::to_string(bytes));
  auto* block = static_cast<std::byte*>(
      std::aligned_alloc(256, static_cast<size_t>((bytes + 255) / 256 * 256)));
  blocks_[block] = bytes;
  return block;
}

void HostDriver::free(std::byte* block) {
  const std::lock_guard lock(mutex_);
  require(!recording_, "host driver: only launches can be recorded");
  const auto found = blocks_.find(block);
  require(found != blocks_.end(), "host driver: free of what is not allocated");
  memory += found->second;
  note("free " + std::to_string(found->second));
  blocks_.erase(found);
  std::free(block);
}

std::byte* HostDriver::allocate_pinned(int64_t bytes) {
  const std::lock_guard lock(mutex_);
  auto* block = static_cast<std::byte*>(std::malloc(static_cast<size_t>(bytes)));
  pinned_[block] = bytes;
  return block;
}

void HostDriver::free_pinned(std::byte* block) {
  const std::lock_guard lock(mutex_);
  require(pinned_.erase(block) == 1, "host driver: free_pinned of what is not allocated");
  std::free(block);
}

void HostDriver::check_inside(const Blocks& blocks, const std::byte* first, int64_t bytes) {
  const auto next = blocks.upper_bound(first);
  const bool inside =
      next != blocks.begin() && first + bytes <= std::prev(next)->first + std::prev(next)->second;
  require(inside, "host driver: a copy of {} bytes leaves its block", bytes);
}

void HostDriver::copy_in(std::byte* to, const std::byte* from, int64_t bytes) {
  const std::lock_guard lock(mutex_);
  require(!recording_, "host driver: only launches can be recorded");
  check_inside(blocks_, to, bytes);
  check_inside(pinned_, from, bytes);
  note("copy_in " + std::to_string(bytes));
  std::memcpy(to, from, static_cast<size_t>(bytes));
}

void HostDriver::copy_out(std::byte* to, const std::byte* from, int64_t bytes) {
  const std::lock_guard lock(mutex_);
  require(!recording_, "host driver: only launches can be recorded");
  check_inside(pinned_, to, bytes);
  check_inside(blocks_, from, bytes);
  note("copy_out " + std::to_string(bytes));
  std::memcpy(to, from, static_cast<size_t>(bytes));
}

cuda::Event HostDriver::make_event() {
  const std::lock_guard lock(mutex_);
  return events_.emplace_back(std::make_unique<bool>(false)).get();
}

void HostDriver::record(cuda::Event event) {
  const std::lock_guard lock(mutex_);
  require(!recording_, "host driver: only launches can be recorded");
  *static_cast<bool*>(event) = true;
}

void HostDriver::wait(cuda::Event event) {
  const std::lock_guard lock(mutex_);
  require(!recording_, "host driver: only launches can be recorded");
  require(*static_cast<bool*>(event), "host driver: wait for an event that was not recorded");
  note("wait");
}

void* HostDriver::load(const std::string& image) {
  require(!recording_, "host driver: only launches can be recorded");
  return images_.emplace_back(std::make_unique<std::string>(image)).get();
}

// The text is the module; which of its kernels is meant is the lowest bit.
cuda::Function HostDriver::function(void* module, const char* name) {
  const bool join = std::strcmp(name, "tessera_join") == 0;
  return static_cast<std::byte*>(module) + (join ? 1 : 0);
}

void HostDriver::launch(const cuda::Launch& launch) {
  if (dry) return;
  const auto address = reinterpret_cast<uintptr_t>(launch.function);
  const auto& text = *reinterpret_cast<const std::string*>(address & ~uintptr_t{1});
  const HostKernels::Kernel& kernel = HostKernels::instance().find(text);
  note(fmt::format("launch {}x{}", launch.blocks_x, launch.blocks_y));
  std::vector<int64_t> parameters((launch.parameter_bytes + 7) / 8);
  std::memcpy(parameters.data(), launch.parameters, launch.parameter_bytes);
  in_stream([kernel, parameters, launch, join = address % 2 == 1] {
    for (unsigned y = 0; y < launch.blocks_y; ++y) {
      for (unsigned x = 0; x < launch.blocks_x; ++x) {
        kernel.block[0] = x;
        kernel.block[1] = y;
        (join ? kernel.join : kernel.program)(parameters.data());
      }
    }
  });
}

void HostDriver::note(std::string call) {
  const std::lock_guard lock(mutex_);
  calls.push_back(std::move(call));
}

void HostDriver::in_stream(std::function<void()> work) {
  if (!recording_) return work();
  recording_->push_back(std::move(work));
}

void HostDriver::begin_recording() {
  require(!recording_, "host driver: it records already");
  recording_ = std::make_unique<Work>();
}

cuda::Recording HostDriver::end_recording() {
  require(recording_ != nullptr, "host driver: it does not record");
  std::unique_ptr<Work> made = std::move(recording_);
  if (!records) return nullptr;
  note("recorded " + std::to_string(made->size()));
  Work* const name = made.get();
  recordings_[name] = std::move(made);
  return name;
}

void HostDriver::replay(cuda::Recording recording) {
  note("replay");
  for (const auto& work : *recordings_.at(static_cast<Work*>(recording))) work();
}

void HostDriver::forget(cuda::Recording recording) {
  require(recordings_.erase(static_cast<Work*>(recording)) == 1,
          "host driver: forget of what is not recorded");
}

HostKernels& HostKernels::instance() {
  static auto* all = new HostKernels;
  return *all;
}

const HostKernels::Kernel& HostKernels::find(const std::string& text) {
  if (!by_text_.contains(text)) compile({text});
  return by_text_.at(text);
}

int64_t count(const std::vector<std::string>& calls, std::string_view prefix) {
  return std::ranges::count_if(calls,
                               [&](const std::string& call) { return call.starts_with(prefix); });
}

std::string joined(const std::vector<std::string>& texts) {
  std::string headers, bodies;
  for (size_t k = 0; k < texts.size(); ++k) {
    const size_t begin = texts[k].find(kBegin);
    const std::string number = std::to_string(k);
    headers += texts[k].substr(0, begin);
    std::string body = texts[k].substr(begin + std::strlen(kBegin));
    body = replaced(body, "(tessera_program,", "(program" + number + ",");
    body = replaced(body, "(tessera_join,", "(join" + number + ",");
    bodies += "namespace text" + number + " {\n" + body + "}\n";
  }
  return headers + kBegin + bodies;
}

void HostKernels::compile(const std::set<std::string>& texts) {
  std::vector<std::string> missing;
  for (const std::string& text : texts)
    if (!by_text_.contains(text)) missing.push_back(text);
  if (missing.empty()) return;
  const auto folder = std::filesystem::temp_directory_path() /
                      fmt::format("tessera-kernels-{}-{}", getpid(), by_text_.size());
  std::filesystem::create_directories(folder);
  const std::string source = (folder / "kernels.cpp").string(),
                    library = (folder / "kernels.so").string(), log = (folder / "log").string();
  std::ofstream(source) << "#include \"core/dtype.cpp\"\n"
                        << joined(missing)
                        << "extern \"C\" int64_t* block_address() { return block; }\n";
  const std::string command = fmt::format(
      "'{}' -std=c++20 -O0 -ffp-contract=off -w -fPIC -shared -I'{}' '{}' -o '{}' > '{}' 2>&1",
      TESSERA_TEST_CXX, TESSERA_SOURCE, source, library, log);
  const int status = std::system(command.c_str());
  void* handle = status == 0 ? dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL) : nullptr;
  std::string messages;
  std::getline(std::ifstream(log), messages, '\0');
  require(handle != nullptr, "host kernels: {} must compile, got {}", source, messages);
  const auto symbol = [&](const std::string& name) { return dlsym(handle, name.c_str()); };
  int64_t* block = reinterpret_cast<int64_t* (*)()>(symbol("block_address"))();
  for (size_t k = 0; k < missing.size(); ++k) {
    using Function = void (*)(const void*);
    by_text_[missing[k]] = {reinterpret_cast<Function>(symbol("program" + std::to_string(k))),
                            reinterpret_cast<Function>(symbol("join" + std::to_string(k))), block};
  }
  std::filesystem::remove_all(folder);
}

void run_channels_last(const KernelOp& op, cuda::Stream& stream, std::span<const Array> inputs,
                       const Array& output) {
  const auto in_format = [](Array array) {
    if (array.shape.ndim() >= 3) array.format = MemoryFormat::channels_last;
    return array;
  };
  std::vector<Array> in;
  for (const Array& input : inputs) in.push_back(in_format(input));
  op.run_cuda(stream, in, in_format(output));
}

HostGpu::HostGpu(HostGpuMode mode) : HostGpu(mode, new HostDriver, new HostCompiler) {}

HostGpu::HostGpu(HostGpuMode mode, HostDriver* driver, HostCompiler* compiler)
    : GpuBackend(
          std::unique_ptr<cuda::Driver>(driver), std::unique_ptr<cuda::Compiler>(compiler), "",
          mode == HostGpuMode::whole
              ? cuda::Libraries{open_fake_cublaslt, open_fake_cudnn, open_fake_cudnn_attention}
              : cuda::Libraries{[] { return std::unique_ptr<cuda::MatrixProducts>(); },
                                [] { return std::unique_ptr<cuda::Convolutions>(); },
                                [] { return std::unique_ptr<cuda::Attentions>(); }}),
      collecting_(mode == HostGpuMode::collecting),
      driver_(driver),
      compiler_(compiler) {
  driver_->dry = collecting_;
}

void HostGpu::run(const Group& step, std::span<std::byte* const> slots) {
  GpuBackend::run(step, slots);
  if (collecting_) cpu::run(step.program, slots);
}

void copy_elements(const Array& from, const Array& to) {
  const Access access = Access::permuted(to.shape, memory_order(to.shape.ndim(), to.format));
  const Linear form = access.flat(from.format);
  const auto bytes = static_cast<size_t>(size_of(to.dtype));
  for (int64_t i = 0; i < to.numel(); ++i) {
    int64_t position = form.offset, rest = i;
    for (int k = access.space.ndim() - 1; k >= 0; --k) {
      position += rest % access.space[k] * form.coef[static_cast<size_t>(k)];
      rest /= access.space[k];
    }
    std::memcpy(to.data + static_cast<size_t>(i) * bytes,
                from.data + static_cast<size_t>(position) * bytes, bytes);
  }
}

void HostGpu::run(const KernelOp& op, std::span<const Array> inputs, const Array& output) {
  if (!collecting_) return GpuBackend::run(op, inputs, output);
  finish();
  run_on_gpu(op, inputs, output);
  if (op.formats() != KernelOp::Formats::row_major) run_channels_last(op, stream(), inputs, output);
  // The processor knows of row-major arrays only.
  std::deque<std::vector<std::byte>> copies;
  const auto row_major = [&](const Array& array) {
    // Never without an address, as no block of memory is.
    copies.emplace_back(
        static_cast<size_t>(std::max(int64_t{1}, array.numel() * size_of(array.dtype))));
    return Array{copies.back().data(), array.shape, array.dtype};
  };
  std::vector<Array> plain;
  for (const Array& input : inputs) {
    plain.push_back(row_major(input));
    copy_elements(input, plain.back());
  }
  const Array result = row_major(output);
  op.run(plain, result);
  copy_elements(result, output);
}

void HostGpu::rehearse(const std::function<void()>& work) {
  if (!collecting_) GpuBackend::rehearse(work);
}

void HostGpu::run_plan(const std::shared_ptr<const Plan>& plan, std::string_view footprint,
                       const std::function<void()>& work) {
  if (collecting_) return work();
  GpuBackend::run_plan(plan, footprint, work);
}

static int last_gpu = 99;

Device host_gpu() {
  return Device::cuda(last_gpu);
}

WithHostGpu::WithHostGpu(HostGpuMode mode) : gpu_(std::make_shared<HostGpu>(mode)) {
  ++last_gpu;
  require(last_gpu < 255, "host gpu: there must be fewer in one process");
  set_backend(host_gpu(), gpu_);
}

}  // namespace tessera::testing
