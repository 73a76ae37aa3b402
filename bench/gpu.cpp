// How fast is a GPU, compared with what it can do, and how long does a step of the U-Net take on
// it?
//
//   gpu [--device cuda:1] [word] [--quick]
//
// Prints what the driver's copy reaches within the GPU's memory and what cuBLASLt reaches on large
// matrices, in TF32 and bf16; then each kernel with its GB/s or GFLOP/s and the percentage of
// those, also with channels-last memory where it takes that; then steps (forward, backward, Adam)
// of the U-Net of widths 64 to 1024 on 4 images of 256 x 256, in turn with and without replayed
// recordings and channels-last memory, and how often the processor waited for the GPU within them:
// never. A word restricts the kernels to lines with it. Where there is no GPU,
// it says so and exits with status 77. `--device cpu` is for trying out the program itself.

#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>

#include <fmt/core.h>

#include "bench/networks.h"
#include "bench/passes.h"
#include "bench/timing.h"
#include "core/amp.h"
#include "core/backend.h"
#include "core/cuda/backend.h"
#include "core/cuda/library.h"
#include "core/error.h"
#include "core/memory_report.h"
#include "core/random.h"
#include "core/replay.h"
#include "core/settings.h"
#include "core/transfer.h"
#include "ops/conv_nodes.h"
#include "ops/creation.h"
#include "optim/adam.h"

using namespace tessera;
using namespace tessera::bench;

namespace {

// The device, and how to wait for it.
class Machine {
 public:
  explicit Machine(Device device)
      : device_(device), gpu_(dynamic_cast<cuda::GpuBackend*>(&backend(device))) {}

  Device device() const { return device_; }
  int64_t waits() const { return gpu_ ? gpu_->waits() : 0; }
  void wait() const {
    if (gpu_) gpu_->stream().driver().synchronize();
  }

  // Seconds per call of the best of `rounds` rows of calls.
  double best_seconds(const std::function<void()>& work, int calls, int rounds) const {
    double best = 1e30;
    for (int round = -1; round < rounds; ++round) {
      wait();
      const double begin = seconds_now(false);
      for (int i = 0; i < calls; ++i) work();
      wait();
      if (round >= 0) best = std::min(best, (seconds_now(false) - begin) / calls);
    }
    return best;
  }

  // The kernel that computes `y` from values in memory, on arrays that lie channels-last; empty
  // where it takes none.
  std::function<void()> channels_last(const Tensor& y) const {
    const Node& node = *y.node();
    const auto* kernel = dynamic_cast<const KernelOp*>(node.op.get());
    if (!gpu_ || !kernel || kernel->formats() == KernelOp::Formats::row_major) return {};
    const auto format = [](const Node& x) {
      return x.shape.ndim() < 3 ? MemoryFormat::row_major : MemoryFormat::channels_last;
    };
    std::vector<Array> inputs;
    for (int i = 0; i < node.inputs(); ++i) {
      const Node& x = *node.input(i);
      if (!x.evaluated()) return {};
      inputs.push_back({x.value->data, x.shape, x.dtype, format(x)});
    }
    return [this, kernel, inputs, y, format, result = allocate(node.bytes(), device_)] {
      gpu_->run(*kernel, inputs, {result->data, y.shape(), y.dtype(), format(*y.node())});
    };
  }

  // Bytes per second, read and written, of the driver's own copy; elsewhere of an op.
  double copied(int64_t bytes) const {
    const Tensor from = ones({bytes / 4}).eval(), to = zeros({bytes / 4}).eval();
    const auto copy = [&]() -> std::function<void()> {
      if (!gpu_) return [&] { eval({neg(from)}); };
      const cuda::Library driver{"libcuda.so.1"};
      using Copy = int (*)(uint64_t, uint64_t, size_t, void*);
      const auto run = reinterpret_cast<Copy>(driver.function("cuMemcpyDtoDAsync_v2"));
      const auto address = [](const Tensor& x) {
        return reinterpret_cast<uint64_t>(x.value_node()->value->data);
      };
      return [run, bytes, a = address(to), b = address(from),
              stream = gpu_->stream().driver().native_stream()] {
        require(run(a, b, static_cast<size_t>(bytes), stream) == 0,
                "gpu: a copy within the GPU's memory must succeed");
      };
    }();
    return 2.0 * static_cast<double>(bytes) / best_seconds(copy, 10, 5);
  }

  // Products and sums per second of matmul on square matrices.
  double multiplied(int64_t n, DType dtype) const {
    const Tensor a = cast(randn({n, n}), dtype).eval(), b = cast(randn({n, n}), dtype).eval();
    const auto extent = static_cast<double>(n);
    return 2 * extent * extent * extent / best_seconds([&] { eval({matmul(a, b)}); }, 5, 5);
  }

 private:
  Device device_;
  cuda::GpuBackend* gpu_;
};

class GpuTable final : public Lines {
 public:
  GpuTable(const Machine& machine, std::string word, bool quick)
      : machine_(machine), word_(std::move(word)), calls_(quick ? 1 : 20), rounds_(quick ? 1 : 5) {
    bytes_ = machine.copied(quick ? 1 << 16 : int64_t{1} << 30);
    flops_ = machine.multiplied(quick ? 16 : 8192, f32);
    half_flops_ = machine.multiplied(quick ? 16 : 8192, bf16);
    fmt::print("{}: copy {:.0f} GB/s, matmul {:.0f} GFLOP/s in TF32, {:.0f} in bf16\n",
               machine.device().str(), bytes_ * 1e-9, flops_ * 1e-9, half_flops_ * 1e-9);
    fmt::print("{:<52} {:>9} {:>12} {:>6}\n", "", "ms", "per s", "peak");
  }

  void flops(const std::string& what, double work, const Make& make) const override {
    line(what, work, flops_, "GFLOP", make);
  }
  void half_flops(const std::string& what, double work, const Make& make) const {
    line(what, work, half_flops_, "GFLOP", make);
  }
  void bytes(const std::string& what, double work, const Make& make) const override {
    line(what, work, bytes_, "GB", make);
  }

 private:
  void line(const std::string& what, double work, double peak, const char* unit,
            const Make& make) const {
    if (what.find(word_) == std::string::npos) return;
    const auto measure = [&](const std::string& name, const std::function<void()>& call) {
      const double seconds = machine_.best_seconds(call, calls_, rounds_);
      fmt::print("{:<52} {:>9.3f} {:>6.0f} {:<5} {:>4.0f} %\n", name, seconds * 1e3,
                 work / seconds * 1e-9, unit, 100 * work / seconds / peak);
    };
    try {
      const Tensor y = make();
      const std::function<void()> last = machine_.channels_last(y);
      // Alone, convolutions are between two changes of format.
      const bool prefers = last && static_cast<const KernelOp&>(*y.node()->op).formats() ==
                                       KernelOp::Formats::channels_last;
      if (!prefers) measure(what, [&] { eval({make()}); });
      if (last) measure(what + ", channels-last", last);
    } catch (const Error& error) {  // the others may still work
      fmt::print("{:<52} {}\n", what, error.what());
    }
    std::fflush(stdout);
  }

  const Machine& machine_;
  const std::string word_;
  const int calls_, rounds_;
  double flops_ = 0, half_flops_ = 0, bytes_ = 0;
};

// Layers of the U-Net.
void convolutions(const GpuTable& table, bool quick) {
  struct Layer {
    const char* what;
    Shape x, w;
  };
  const Layer layers[] = {
      {"64 > 64, 256 x 256", {4, 64, 256, 256}, {64, 64, 3, 3}},
      {"128 > 128, 128 x 128", {4, 128, 128, 128}, {128, 128, 3, 3}},
      {"512 > 512, 32 x 32", {4, 512, 32, 32}, {512, 512, 3, 3}},
      {"1024 > 1024, 16 x 16", {4, 1024, 16, 16}, {1024, 1024, 3, 3}},
  };
  for (const Layer& layer : layers) {
    const Shape shape = quick ? Shape{1, 4, 6, 6} : layer.x,
                kernel = quick ? Shape{4, 4, 3, 3} : layer.w;
    const auto g = detail::conv_geometry("conv", 2, shape, kernel, {.padding = 1});
    for (const DType dtype : {f32, bf16}) {
      const auto in = [&](const Shape& s) { return cast(values(s), dtype).eval(); };
      const Tensor x = in(g.x_shape()), w = in(g.w_shape()), dy = in(g.y_shape());
      const auto add = [&](const char* pass, const Lines::Make& make) {
        const std::string what =
            fmt::format("{} {} {}", layer.what, dtype == f32 ? "TF32" : "bf16", pass);
        dtype == f32 ? table.flops(what, g.flops(), make) : table.half_flops(what, g.flops(), make);
      };
      add("forward", [&] { return conv_forward_node(x, w, g); });
      add("backward data", [&] { return conv_backward_data_node(dy, w, g); });
      add("backward weight", [&] { return conv_backward_weight_node(x, dy, g); });
    }
  }
}

// Steps of the U-Net with one after another in the queue.
void steps(const Machine& machine, std::optional<DType> amp, bool quick) {
  manual_seed(0);
  const auto model = make_network(quick ? "unet(width=2)" : "unet(bilinear=false,width=64)", 3, 2);
  const int64_t n = quick ? 2 : 4, extent = quick ? 16 : 256;
  const Tensor x = values({n, 3, extent, extent});
  const Tensor target = cast(gt(values({n, extent, extent}), 0.0), i64).eval();
  optim::Adam adam(model->parameters(), {.lr = 1e-3}, {.check_finite = false});
  const auto step = [&] {
    const auto loss = [&] {
      const Amp lower(amp);
      return cross_entropy((*model)(x), target);
    };
    adam.step(loss());
  };
  const auto plainly = [&] {
    const NoReplay plain;
    step();
  };
  const auto row_major = [&] {
    Fusion rules;
    rules.channels_last = false;
    const FusionRules plain(rules);
    step();
  };
  const int rounds = quick ? 1 : 4, calls = quick ? 2 : 10, first = quick ? 1 : 8;
  for (int i = 0; i < first; ++i) row_major();
  for (int i = 0; i < first; ++i) step();
  double best[] = {1e30, 1e30, 1e30};
  int64_t waits = 0;
  for (int round = 0; round < rounds; ++round) {
    best[0] = std::min(best[0], machine.best_seconds(step, calls, 1));
    best[1] = std::min(best[1], machine.best_seconds(plainly, calls, 1));
    best[2] = std::min(best[2], machine.best_seconds(row_major, calls, 1));
    const int64_t before = machine.waits();
    for (int i = 0; i < calls; ++i) step();
    waits += machine.waits() - before;
  }
  const ReplayStats stats = replay_stats(machine.device());
  const MemoryStats memory = memory_stats(machine.device());
  fmt::print(
      "U-Net step, {}: {:.2f} ms replayed, {:.2f} ms launched one by one, {:.2f} ms row-major; {} "
      "waits within {} steps; {} recordings, {} replays; {} at peak\n",
      amp ? "bf16" : "TF32", best[0] * 1e3, best[1] * 1e3, best[2] * 1e3, waits, rounds * calls,
      stats.recorded, stats.replayed, bytes_text(memory.peak));
  std::fflush(stdout);
}

int run(int argc, char** argv) {
  const bool quick = is_quick(argc, argv);
  if (quick) --argc;
  Device device = Device::cuda();
  int first = 1;
  if (first + 1 < argc && std::string(argv[first]) == "--device") {
    device = device_of_name(argv[first + 1]);
    first += 2;
  }
  if (device.kind == Device::Kind::cuda && cuda::gpu_count() <= device.index) {
    std::cerr << "gpu: there is no NVIDIA GPU " << device.str() << ", so nothing was measured\n";
    return 77;
  }
  const OnDevice on(device);
  const Machine machine(device);
  {
    const NoGrad no_grad;
    const GpuTable table(machine, first < argc ? argv[first] : "", quick);
    convolutions(table, quick);
    others(table, quick ? 8 : 262144);
    passes_over_memory(table, quick ? 1 : 32);
    rows(table, quick ? 64 : 1 << 20);
  }
  steps(machine, std::nullopt, quick);
  steps(machine, bf16, quick);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return reporting_errors(run, argc, argv);
}
