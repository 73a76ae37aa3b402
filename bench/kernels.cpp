// How fast are the kernels, compared with what this machine can do?
//
//   kernels [threads] [word] [--quick]
//
// Peaks are measured by the same program: products per second of the matrix kernel on blocks that
// stay in the first-level cache, and bytes per second of copying arrays that do not fit any cache.
// Each kernel shows the best of several runs, by the clock of the thread with one thread, and how
// many times a direct convolution's work is done for Winograd's ("effective" GFLOP/s, which may
// exceed the peak). A second argument restricts the table to lines with that word.

#include <cstdlib>
#include <cstring>
#include <span>
#include <string>

#include <fmt/core.h>

#include "bench/passes.h"
#include "bench/timing.h"
#include "core/cpu/gemm_kernel.h"
#include "core/cpu/isa.h"
#include "core/cpu/parallel.h"
#include "core/op.h"
#include "core/settings.h"
#include "ops/conv_algorithm.h"
#include "ops/conv_nodes.h"

using namespace tessera;
using namespace tessera::bench;

namespace {

class Table final : public Lines {
 public:
  // Shows the lines with `word`, each the best of at most `rounds` runs.
  Table(std::string word, int rounds) : word_(std::move(word)), rounds_(rounds) {
    const double flops = peak_flops(), bytes = peak_bytes();
    fmt::print("{}, {} threads; peak {:.0f} GFLOP/s, copy {:.1f} GB/s\n", cpu::isa_name(),
               num_threads(), flops * 1e-9, bytes * 1e-9);
    fmt::print("{:<52} {:>9} {:>9} {:>6}\n", "", "ms", "per s", "peak");
    flops_ = flops;
    bytes_ = bytes;
  }

  void flops(const std::string& what, double work, const Make& make) const override {
    line(what, work, flops_, "GFLOP", make);
  }
  void bytes(const std::string& what, double work, const Make& make) const override {
    line(what, work, bytes_, "GB", make);
  }

 private:
  double best_seconds(const std::function<void()>& work) const {
    const bool one = num_threads() == 1;
    double best = 1e30, total = 0;
    for (int i = 0; i <= rounds_ && (i < 4 || total < 0.3); ++i) {
      const double begin = seconds_now(one);
      work();
      const double seconds = seconds_now(one) - begin;
      if (i > 0) best = std::min(best, seconds);
      total += seconds;
    }
    return best;
  }

  double peak_flops() const {
    constexpr int64_t kDepth = 64, kCalls = 20000;
    const cpu::GemmKernel<float>& kernel = cpu::gemm_kernel<float>();
    const int items = 4 * num_threads();
    const double seconds = best_seconds([&] {
      cpu::parallel_for(items, false, [&](int64_t) {
        std::vector<float> a(static_cast<size_t>(kernel.rows * kDepth), 1.0f),
            b(static_cast<size_t>(kernel.columns * kDepth), 1.0f),
            c(static_cast<size_t>(kernel.rows * kernel.columns));
        for (int64_t i = 0; i < kCalls; ++i) {
          kernel.run(kernel.rows, kDepth, a.data(), kDepth, 1, b.data(), c.data(), kernel.columns,
                     false);
          consume(c.data());
        }
      });
    });
    return 2.0 * items * kCalls * kDepth * static_cast<double>(kernel.rows * kernel.columns) /
           seconds;
  }

  double peak_bytes() const {
    constexpr int64_t kBytes = int64_t{128} << 20;
    std::vector<char> from(kBytes, 1), to(kBytes, 2);
    const double seconds = best_seconds([&] {
      cpu::parallel_ranges(kBytes, 1 << 20, [&](int64_t begin, int64_t end) {
        std::memcpy(to.data() + begin, from.data() + begin, static_cast<size_t>(end - begin));
      });
      consume(to.data());
    });
    return 2.0 * kBytes / seconds;
  }

  void line(const std::string& what, double work, double peak, const char* unit,
            const Make& make) const {
    if (what.find(word_) == std::string::npos) return;
    const double seconds = best_seconds([&] { eval({make()}); });
    fmt::print("{:<52} {:>9.2f} {:>6.0f} {:<5} {:>4.0f} %\n", what, seconds * 1e3,
               work / seconds * 1e-9, unit, 100 * work / seconds / peak);
    std::fflush(stdout);
  }

  std::string word_;
  int rounds_;
  double flops_ = 0, bytes_ = 0;
};

struct Layer {
  const char* what;
  Shape x, w;
  ConvOptions options = {};
};

void convolution(const Table& table, const Layer& layer) {
  const int axes = layer.x.ndim() - 2;
  const auto g = detail::conv_geometry("conv", axes, layer.x, layer.w, layer.options);
  const Tensor x = values(g.x_shape()), w = values(g.w_shape()), dy = values(g.y_shape());
  const auto passes = [&](const char* algorithm) {
    const auto name = [&](const char* pass) {
      return fmt::format("{} {} {}", layer.what, algorithm, pass);
    };
    table.flops(name("forward"), g.flops(), [&] { return conv_forward_node(x, w, g); });
    table.flops(name("backward data"), g.flops(),
                [&] { return conv_backward_data_node(dy, w, g); });
    table.flops(name("backward weight"), g.flops(),
                [&] { return conv_backward_weight_node(x, dy, g); });
  };
  const ConvAlgorithm chosen = detail::choose_algorithm(g, f32);
  passes(name_of(chosen));
  if (chosen == ConvAlgorithm::direct) return;
  const DirectConvolutions direct;
  passes("direct");
}

void convolutions(const Table& table, bool quick) {
  const ConvOptions same = {.padding = 1};
  const Layer layers[] = {
      {"3 > 64, 256 x 256", {2, 3, 256, 256}, {64, 3, 3, 3}, same},
      {"16 > 16, 128 x 128", {8, 16, 128, 128}, {16, 16, 3, 3}, same},
      {"64 > 64, 256 x 256", {1, 64, 256, 256}, {64, 64, 3, 3}, same},
      {"128 > 128, 128 x 128", {1, 128, 128, 128}, {128, 128, 3, 3}, same},
      {"256 > 256, 64 x 64", {2, 256, 64, 64}, {256, 256, 3, 3}, same},
      {"512 > 512, 32 x 32", {2, 512, 32, 32}, {512, 512, 3, 3}, same},
      {"1024 > 1024, 16 x 16", {4, 1024, 16, 16}, {1024, 1024, 3, 3}, same},
      {"1 x 1, 256 > 64, 64 x 64", {4, 256, 64, 64}, {64, 256, 1, 1}},
      {"1 x 1, 64 > 2, 256 x 256", {2, 64, 256, 256}, {2, 64, 1, 1}},
      {"2 x 2 / 2, 64 > 128, 128 x 128", {2, 64, 128, 128}, {128, 64, 2, 2}, {.stride = 2}},
      {"3 x 3 / 2, 64 > 128, 64 x 64",
       {4, 64, 64, 64},
       {128, 64, 3, 3},
       {.stride = 2, .padding = 1}},
      {"depthwise 3 x 3, 128, 64 x 64",
       {4, 128, 64, 64},
       {128, 1, 3, 3},
       {.padding = 1, .groups = 128}},
      {"depthwise 3 x 3, 576, 14 x 14",
       {8, 576, 14, 14},
       {576, 1, 3, 3},
       {.padding = 1, .groups = 576}},
      {"depthwise 3 x 3 / 2, 96, 112 x 112",
       {4, 96, 112, 112},
       {96, 1, 3, 3},
       {.stride = 2, .padding = 1, .groups = 96}},
      {"1 x 1, 96 > 576, 14 x 14", {8, 96, 14, 14}, {576, 96, 1, 1}},
      {"1 x 1, 32 > 16, 112 x 112", {4, 32, 112, 112}, {16, 32, 1, 1}},
      {"3 x 3, 512 > 512, 4 x 4", {1, 512, 4, 4}, {512, 512, 3, 3}, same},
      {"3D 3 x 3 x 3, 32 > 32, 32^3", {1, 32, 32, 32, 32}, {32, 32, 3, 3, 3}, same},
  };
  for (const Layer& layer : std::span(layers).first(quick ? 2 : std::size(layers)))
    convolution(table, layer);
}

}  // namespace

int main(int argc, char** argv) {
  const bool quick = is_quick(argc, argv);
  if (quick) --argc;
  if (argc > 1) set_num_threads(std::atoi(argv[1]));
  const NoGrad no_grad;
  const Table table(argc > 2 ? argv[2] : "", quick ? 1 : 50);
  convolutions(table, quick);
  if (quick) return 0;
  passes_over_memory(table, 4);
  rows(table, 65536);
  others(table, 16384);
}
