#include <algorithm>
#include <iostream>

#include <fmt/format.h>

#include "cli/command.h"
#include "core/error.h"
#include "core/random.h"
#include "io/table.h"
#include "nn/check_gradients.h"
#include "nn/init.h"
#include "ops/random.h"
#include "zoo/catalogue.h"

namespace tessera::cli {

namespace {

struct GradcheckConfig {
  std::string model = "unet(width=4)";
  int64_t channels = 3, classes = 2, batch = 2, size = 32, seed = 0;
  double tolerance = 1e-4;
  bool all = false;

  template <class Config, class F>
  static void fields(Config& c, F f) {
    f("model", c.model, "network of `tessera zoo`; wide ones take long");
    f("channels", c.channels, "of the input");
    f("classes", c.classes, "of the output");
    f("batch", c.batch, "pictures");
    f("size", c.size, "height and width of the pictures");
    f("seed", c.seed, "of weights, pictures and directions");
    f("tolerance", c.tolerance, "largest relative error that passes");
    f("all", c.all, "show every parameter, not only the worst");
  }
};

int check(const GradcheckConfig& config) {
  require(config.batch >= 1 && config.size >= 1 && config.seed >= 0,
          "gradcheck: batch and size must be at least 1 and seed at least 0, got {}, {} and {}",
          config.batch, config.size, config.seed);
  const uint64_t seed = static_cast<uint64_t>(config.seed);
  manual_seed(seed);
  const nn::ParameterDType double_precision(f64);
  const auto network = zoo::make(zoo::Spec{config.model, config.channels, config.classes});
  const Tensor x = randn({config.batch, config.channels, config.size, config.size}, f64);
  auto checks = nn::check_gradients(*network, x, {.seed = seed});
  std::ranges::stable_sort(checks, std::ranges::greater{}, &nn::SlopeCheck::error);
  constexpr size_t kShown = 10;
  io::Table table({"parameter", "gradient", "differences", "error"});
  for (size_t i = 0; i < checks.size() && (config.all || i < kShown); ++i) {
    table.row({checks[i].parameter, fmt::format("{:.8f}", checks[i].analytic),
               fmt::format("{:.8f}", checks[i].numeric), fmt::format("{:.1e}", checks[i].error())});
  }
  const auto failed = std::ranges::count_if(
      checks, [&](const auto& one) { return !(one.error() <= config.tolerance); });
  std::cout << "Slope of a loss along a random direction of each parameter, worst first:\n"
            << table
            << fmt::format("{}: {} of {} parameters agree to {:.1e}\n", config.model,
                           static_cast<int64_t>(checks.size()) - failed, checks.size(),
                           config.tolerance);
  return failed == 0 ? kDone : kFailed;
}

}  // namespace

void add_gradcheck(CLI::App& program, int& status) {
  add_verb<GradcheckConfig>(
      program, status,
      {.name = "gradcheck",
       .summary = "compare the gradients of a network with finite differences",
       .examples = "  tessera gradcheck\n"
                   "  tessera gradcheck --model 'unet(width=8,bilinear=false)' --all",
       .run = check});
}

}  // namespace tessera::cli
