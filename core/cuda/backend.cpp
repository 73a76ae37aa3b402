#include "core/cuda/backend.h"

#include <algorithm>
#include <cstring>

#include "core/cuda/one_format.h"
#include "core/cuda/print.h"
#include "core/error.h"
#include "core/node.h"

namespace tessera::cuda {

namespace {

// A program with its kernels and the numbers of its launch.
struct PreparedProgram final : Prepared {
  std::shared_ptr<PendingKernels> kernels;
  std::vector<int64_t> numbers;
  int64_t blocks = 0, parts = 1, outputs = 0, partial_bytes = 0;
  Batches::Program flat;  // of those without reductions
};

}  // namespace

GpuBackend::GpuBackend(std::unique_ptr<Driver> driver, std::unique_ptr<Compiler> compiler,
                       std::string folder, const Libraries& libraries)
    : driver_(std::move(driver)),
      compiler_(std::move(compiler)),
      recorder_(*driver_),
      kernels_(recorder_, *compiler_, std::move(folder)),
      batches_(recorder_, kernels_),
      memory_(recorder_, batches_),
      pool_(memory_, Reuse::lowest),
      staging_(recorder_),
      stream_(recorder_, pool_, kernels_, libraries),
      replays_(recorder_, pool_, stream_) {}

GpuBackend::~GpuBackend() {
  batches_.flush();
  pool_.trim();
}

void GpuBackend::trim() {
  replays_.clear();
  pool_.trim();
}

MemoryStats GpuBackend::memory() const {
  return {pool_.live(), pool_.peak(), pool_.cached(), live_nodes()};
}

std::shared_ptr<const Prepared> GpuBackend::prepare(const Program& program) {
  const Printed printed = print(program);
  auto prepared = std::make_shared<PreparedProgram>();
  prepared->numbers = printed.numbers;
  prepared->blocks = printed.blocks;
  prepared->parts = printed.parts;
  prepared->outputs = printed.outputs;
  prepared->partial_bytes = printed.partial_bytes;
  if (printed.blocks > 0) prepared->kernels = kernels_.request(printed.text);
  if (printed.blocks > 0 && program.walk == Walk::flat) {
    prepared->flat = {prepared->kernels, printed.blocks, touched_by(program)};
    batches_.know(prepared->flat, printed);
  }
  return prepared;
}

void GpuBackend::run(const Group& step, std::span<std::byte* const> slots) {
  const auto& program = static_cast<const PreparedProgram&>(*step.prepared);
  if (program.blocks == 0) return;
  const bool flat = program.flat.kernels != nullptr;
  if (!flat) batches_.flush();
  if (!flat && stream_.rehearsing()) return;
  const auto launch = [&](std::byte* partials) {
    // struct Args of core/cuda/kernel.h.
    std::vector<int64_t> parameters(slots.size() + 1 + program.numbers.size());
    for (size_t s = 0; s < slots.size(); ++s) parameters[s] = reinterpret_cast<int64_t>(slots[s]);
    parameters[slots.size()] = reinterpret_cast<int64_t>(partials);
    std::ranges::copy(program.numbers, parameters.begin() + static_cast<int64_t>(slots.size()) + 1);
    if (flat) return batches_.add(program.flat, std::move(parameters));
    const Kernels& kernels = program.kernels->get();
    Launch first;
    first.function = kernels.program;
    first.blocks_x = static_cast<unsigned>(program.blocks);
    first.blocks_y = static_cast<unsigned>(program.parts);
    first.threads = kThreads;
    first.parameters = parameters.data();
    first.parameter_bytes = parameters.size() * sizeof(int64_t);
    recorder_.launch(first);
    if (!partials) return;
    Launch join = first;
    join.function = kernels.join;
    join.blocks_x = static_cast<unsigned>((program.outputs + kThreads - 1) / kThreads);
    join.blocks_y = 1;
    recorder_.launch(join);
  };
  if (program.parts == 1) return launch(nullptr);
  const Stream::Scratch partials =
      stream_.scratch(program.parts * program.outputs * program.partial_bytes);
  launch(partials.data());
}

void GpuBackend::run(const KernelOp& op, std::span<const Array> inputs, const Array& output) {
  batches_.flush();
  if (run_on_gpu(op, inputs, output) || stream_.rehearsing()) return;
  recorder_.require_no_recording();
  const auto known =
      std::ranges::find(fallbacks_, op.name(), &std::pair<std::string, int64_t>::first);
  if (known == fallbacks_.end()) {
    fallbacks_.emplace_back(op.name(), 1);
  } else {
    ++known->second;
  }
  InOneFormat arrays(stream_, MemoryFormat::row_major, inputs, output);
  std::vector<Ref<Buffer>> copies;
  std::vector<Array> host;
  const auto on_host = [&](const Array& array) {
    copies.push_back(allocate(array.numel() * size_of(array.dtype)));
    return Array{copies.back()->data, array.shape, array.dtype};
  };
  for (const Array& input : arrays.inputs()) {
    host.push_back(on_host(input));
    read(host.back().data, input.data, copies.back()->bytes);
  }
  const Array result = on_host(output);
  op.run(host, result);
  write(arrays.output().data, result.data, copies.back()->bytes);
  arrays.deliver();
}

bool GpuBackend::run_on_gpu(const KernelOp& op, std::span<const Array> inputs,
                            const Array& output) {
  InOneFormat arrays(stream_, common_format(op, inputs, output), inputs, output);
  if (!op.run_cuda(stream_, arrays.inputs(), arrays.output())) return false;
  arrays.deliver();
  return true;
}

void GpuBackend::rehearse(const std::function<void()>& work) {
  batches_.flush();
  stream_.set_rehearsing(true);
  batches_.set_rehearsing(true);
  try {
    work();
  } catch (const Error&) {  // the run itself will tell
  }
  batches_.flush();
  batches_.set_rehearsing(false);
  stream_.set_rehearsing(false);
}

void GpuBackend::write(std::byte* to, const void* from, int64_t bytes) {
  recorder_.require_no_recording();
  batches_.flush_own();
  staging_.write(to, from, bytes);
}

void GpuBackend::read(void* to, const std::byte* from, int64_t bytes) {
  recorder_.require_no_recording();
  batches_.flush_own();
  staging_.read(to, from, bytes);
  stream_.faults().check();
}

std::shared_ptr<Backend> make_backend(int index) {
  std::unique_ptr<Driver> driver = open_driver(index);
  return std::make_shared<GpuBackend>(std::move(driver), open_nvrtc(), kernel_folder());
}

}  // namespace tessera::cuda
