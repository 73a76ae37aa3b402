// How long does one step of a network take, and where does the time go?
//
//   step [--profile] [--device cuda] [--amp] MODE NETWORK CHANNELS CLASSES BATCH SIZE [threads]
//   step --profile train 'unet(width=16)' 3 2 8 128 2
//   step --quick
//
// MODE is train (forward, backward and Adam) or infer; NETWORK one of bench/networks.h or of the
// catalogue. Reads words from standard input and answers
// each with one line, so that another program can take turns with it (compare_torch.py): "step"
// does one step, anything else ends. With --profile it does 5 steps and shows the slowest kernels;
// with --amp the network computes in bf16.
// A line is: seconds on the wall, seconds of processor time (of the process and of the system),
// page faults, the most memory of the process so far, in MiB beyond what it had before the network
// was made, and the loss.

#include <sys/resource.h>

#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>

#include <fmt/core.h>

#include "bench/networks.h"
#include "bench/timing.h"
#include "core/amp.h"
#include "core/error.h"
#include "core/profile.h"
#include "core/random.h"
#include "core/settings.h"
#include "nn/inference.h"
#include "ops/binary.h"
#include "ops/creation.h"
#include "ops/loss.h"
#include "ops/random.h"
#include "ops/reduce.h"
#include "optim/adam.h"

using namespace tessera;
using namespace tessera::bench;

namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

struct Usage {
  double wall = seconds_now(false), processor, kernel;
  int64_t faults, memory;  // KiB
  Usage() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    kernel = seconds(usage.ru_stime);
    processor = seconds(usage.ru_utime) + kernel;
    faults = usage.ru_minflt;
    memory = usage.ru_maxrss;
  }
};

void report(const std::function<double()>& step, int64_t memory_before) {
  const Usage before;
  const double loss = step();
  const Usage after;
  std::cout << fmt::format("{:.4f} {:.4f} {:.4f} {} {:.1f} {:.5f}\n", after.wall - before.wall,
                           after.processor - before.processor, after.kernel - before.kernel,
                           after.faults - before.faults,
                           static_cast<double>(after.memory - memory_before) / 1024, loss)
            << std::flush;
}

// One step of `mode` as a function, which returns the loss (train) or the mean result (infer).
std::function<double()> stepper(const std::string& mode, const std::string& network,
                                int64_t channels, int64_t classes, int64_t batch, int64_t size,
                                std::optional<DType> amp = std::nullopt) {
  require(mode == "train" || mode == "infer", "step: MODE must be train or infer, got {}", mode);
  manual_seed(0);
  const std::shared_ptr<nn::Module> model = make_network(network, channels, classes);
  model->eval();  // the pass that tells the shape shall leave nothing behind
  Shape shape = {batch, channels, size, size};
  if (network == "unet3d") shape.push_back(size);
  const Tensor x = randn(shape);
  const Tensor target = cast(gt(randn((*model)(x).shape().without(1)), 0.0), i64);
  eval({x, target});
  if (mode == "infer") {
    nn::optimize_for_inference(*model, x);
    return [=] {
      const NoGrad no_grad;
      const Amp lower(amp);
      return mean((*model)(x)).item();
    };
  }
  model->train();
  const auto adam =
      std::make_shared<optim::Adam>(model->parameters(), optim::AdamOptions{.lr = 1e-3});
  return [=] {
    const auto loss_of_batch = [&] {
      const Amp lower(amp);
      return cross_entropy((*model)(x), target);
    };
    const Tensor loss = loss_of_batch();
    adam->step(loss);
    return loss.item();
  };
}

int run(int argc, char** argv) {
  if (is_quick(argc, argv)) {
    for (const char* mode : {"train", "infer"})
      report(stepper(mode, "unet(width=2)", 1, 2, 2, 16), 0);
    return 0;
  }
  bool profiled = false;
  Device device;
  std::optional<DType> amp;
  int first = 1;
  for (; first < argc && std::string(argv[first]).starts_with("--"); ++first) {
    const std::string option = argv[first];
    if (option == "--profile") profiled = true;
    if (option == "--amp") amp = bf16;
    if (option == "--device" && first + 1 < argc) device = device_of_name(argv[++first]);
  }
  require(argc - first >= 6,
          "step: usage: step [--profile] [--device cuda] [--amp] train|infer NETWORK CHANNELS "
          "CLASSES BATCH SIZE [threads]");
  const OnDevice on(device);
  const auto number = [&](int i) { return std::atoll(argv[first + i]); };
  if (argc - first > 6) set_num_threads(std::atoi(argv[first + 6]));
  const int64_t memory = Usage().memory;
  const std::function<double()> step =
      stepper(argv[first], argv[first + 1], number(2), number(3), number(4), number(5), amp);
  if (profiled) {
    report(step, memory);
    const Profile profile;
    for (int i = 0; i < 5; ++i) report(step, memory);
    std::cout << profile.str();
    return 0;
  }
  std::string word;
  while (std::cin >> word && word == "step") report(step, memory);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  return reporting_errors(run, argc, argv);
}
