#include "zoo/catalogue.h"

#include <functional>

#include <fmt/format.h>

#include "core/error.h"
#include "core/nearest.h"
#include "core/terms.h"
#include "zoo/supervised_unet.h"

namespace tessera::zoo {

namespace {

constexpr int64_t kWidest = 4096;  // a bound on channels, so that a typing error is not a crash

struct Row {
  Entry entry;
  std::function<std::unique_ptr<Network>(const Spec& spec, Term& options)> make;
};

const std::vector<Row>& rows() {
  static const std::vector<Row> all = {
      {{"unet",
        "U-Net with batch norm",
        "Ronneberger et al. 2015, arXiv:1505.04597",
        {{"bilinear", "true", "enlarge by interpolation; false: by transposed convolutions"},
         {"width", "64", "channels of the first level, doubled at each of the next"},
         {"heads", "1", "outputs that are trained, 1 to 4: deep supervision of coarser levels"}}},
       [](const Spec& spec, Term& options) -> std::unique_ptr<Network> {
         const UNetOptions unet{.bilinear = options.flag("bilinear", true),
                                .width = options.integer("width", 64, 1, kWidest)};
         const int64_t heads = options.integer("heads", 1, 1, 4);
         if (heads == 1) return std::make_unique<UNet>(spec.channels, spec.classes, unet);
         return std::make_unique<SupervisedUNet>(spec.channels, spec.classes, heads, unet);
       }},
  };
  return all;
}

Term parse(const std::string& network) {
  const std::vector<Term> terms = parse_terms(network, "zoo");
  const Term& term = terms[0];
  require(terms.size() == 1 && !term.factor && term.variant.empty(),
          "zoo: a network is named as in unet or unet(width=16,bilinear=false), got '{}'", network);
  return term;
}

const Row& row_of(const std::string& name) {
  std::vector<std::string> names;
  for (const Row& row : rows()) {
    if (row.entry.name == name) return row;
    names.push_back(row.entry.name);
  }
  fail(fmt::format("zoo: there is no network '{}'; {}", name, suggest(name, names)));
}

}  // namespace

const std::vector<Entry>& catalogue() {
  static const std::vector<Entry> entries = [] {
    std::vector<Entry> out;
    for (const Row& row : rows()) out.push_back(row.entry);
    return out;
  }();
  return entries;
}

const Entry& find(const std::string& network) {
  return row_of(parse(network).name).entry;
}

std::unique_ptr<Network> make(const Spec& spec) {
  require(spec.channels >= 1 && spec.channels <= kWidest && spec.classes >= 1 &&
              spec.classes <= kWidest,
          "zoo: channels and classes must lie in [1, {}], got {} and {}", kWidest, spec.channels,
          spec.classes);
  Term options = parse(spec.network);
  std::unique_ptr<Network> network = row_of(options.name).make(spec, options);
  options.finish();
  return network;
}

std::unique_ptr<Network> make(const std::string& network, int64_t channels, int64_t classes) {
  return make(Spec{network, channels, classes});
}

}  // namespace tessera::zoo
