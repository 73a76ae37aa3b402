#include <iostream>

#include <fmt/format.h>

#include "cli/command.h"
#include "core/random.h"
#include "io/table.h"
#include "nn/summary.h"
#include "zoo/catalogue.h"

namespace tessera::cli {

namespace {

struct ZooConfig {
  std::string name;
  int64_t channels = 3, classes = 2, size = 256;

  template <class Config, class F>
  static void fields(Config& c, F f) {
    f("name", c.name, "network to describe, such as unet(width=32); none: all are listed");
    f("channels", c.channels, "of the input");
    f("classes", c.classes, "of the output");
    f("size", c.size, "height and width of the input that the summary is for");
  }
};

void list(const ZooConfig& config) {
  io::Table table({"name", "parameters", "GMAC", "network", "paper"});
  for (const zoo::Entry& entry : zoo::catalogue()) {
    const auto network = zoo::make(entry.name, config.channels, config.classes);
    const nn::Summary summary =
        nn::summarize(*network, {1, config.channels, config.size, config.size});
    table.row({entry.name, fmt::format("{}", network->parameter_count()),
               fmt::format("{:.1f}", static_cast<double>(summary.macs) * 1e-9), entry.title,
               entry.paper});
  }
  std::cout << table;
}

void describe(const ZooConfig& config) {
  const auto network = zoo::make(config.name, config.channels, config.classes);
  const zoo::Entry& entry = zoo::find(config.name);
  std::cout << entry.title << "\n" << entry.paper << "\n\n";
  io::Table options({"option", "default", "meaning"});
  for (const zoo::Option& option : entry.options) {
    options.row({option.name, option.default_value, option.help});
  }
  if (options.size() > 0) std::cout << options << "\n";
  std::cout << nn::describe_tree(*network) << "\n"
            << nn::summarize(*network, {1, config.channels, config.size, config.size}).str();
}

}  // namespace

void add_zoo(CLI::App& program, int& status) {
  add_verb<ZooConfig>(program, status,
                      {.name = "zoo",
                       .summary = "list the networks, or describe one layer by layer",
                       .examples = "  tessera zoo\n"
                                   "  tessera zoo 'unet(width=32)' --channels 1 --size 512",
                       .run =
                           [](const ZooConfig& config) {
                             config.name.empty() ? list(config) : describe(config);
                             return kDone;
                           },
                       .positional = "name"});
}

}  // namespace tessera::cli
