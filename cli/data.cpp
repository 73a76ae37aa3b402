#include <iostream>

#include <fmt/ranges.h>

#include "cli/command.h"
#include "core/error.h"
#include "io/phantom_set.h"
#include "io/table.h"
#include "train/setup.h"

namespace tessera::cli {

namespace {

struct DataConfig {
  std::string kind, out, size = "128";
  int64_t cases = 20, depth = 24, raters = 0, seed = 0;
  double noise = 0.03, bias = 0.2;

  template <class Config, class F>
  static void fields(Config& c, F f) {
    f("kind", c.kind, "what to draw; none: the kinds are listed");
    f("out", c.out, "folder for the dataset");
    f("cases", c.cases, "how many");
    f("size", c.size, "128 or 96x128 (height x width)");
    f("depth", c.depth, "slices of a volume");
    f("raters", c.raters, "masks of so many people with errors of their own: masks_rater1, ...");
    f("noise", c.noise, "standard deviation, of brightness in [0, 1]");
    f("bias", c.bias, "how much brighter or darker regions are, in [0, 1)");
    f("seed", c.seed, "of everything: the same seed gives the same files");
  }
};

void list_phantoms() {
  io::Table table({"kind", "what it shows", "classes"});
  for (const io::PhantomKind& kind : io::phantom_kinds())
    table.row({kind.name, kind.title, fmt::format("{}", fmt::join(kind.labels, ", "))});
  std::cout << table;
}

int run_data(const DataConfig& config) {
  if (config.kind.empty()) {
    list_phantoms();
    return kDone;
  }
  const io::PhantomKind& kind = io::find_phantom(config.kind);
  require(!config.out.empty(), "data: where should the dataset be? give --out DIR");
  io::PhantomOptions options{.seed = static_cast<uint64_t>(config.seed),
                             .noise = config.noise,
                             .bias = config.bias,
                             .raters = config.raters};
  train::parse_size(config.size, options.size.height, options.size.width);
  options.size.depth = kind.is_volume ? config.depth : 1;
  io::Progress progress("data", config.cases, {.unit = "cases"});
  io::write_phantoms(kind, options, config.cases, config.out, &progress);
  progress.finish();
  std::cout << fmt::format("{} {} in {}\n", config.cases, kind.is_volume ? "volumes" : "pictures",
                           config.out)
            << "see it:  tessera augment preview --data " << config.out
            << " --augment none --out sheet.png\n"
            << "use it:  tessera train --data " << config.out << " --out runs/" << config.kind
            << "\n";
  return kDone;
}

}  // namespace

void add_data(CLI::App& program, int& status) {
  add_verb<DataConfig>(
      program, status,
      {.name = "data",
       .summary = "draw a dataset of phantoms with exact masks",
       .examples = "  tessera data\n"
                   "  tessera data vertebrae --out phantoms --cases 40 --size 96\n"
                   "  tessera data organs --out bellies --cases 8 --size 96 --depth 32\n"
                   "  tessera data cells --out rated --raters 4",
       .run = run_data,
       .positional = "kind"});
}

}  // namespace tessera::cli
