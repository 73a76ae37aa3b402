#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "zoo/network.h"

namespace tessera::zoo {

// Which network, and for what: all that a model file must say to build it again.
struct Spec {
  std::string network;  // a name of the catalogue, with options: "unet", "unet(width=16)"
  int64_t channels = 3, classes = 2;
};

// A setting of a network that its users may choose.
struct Option {
  std::string name, default_value, help;
};

// One network of the catalogue.
struct Entry {
  std::string name, title, paper;
  std::vector<Option> options;
};
const std::vector<Entry>& catalogue();

// The entry that a text such as "unet(width=16)" names. Throws Error when there is none, with the
// nearest name.
const Entry& find(const std::string& network);

// Builds a network with new random weights. Throws Error for a name or an option that does not
// exist, saying which there are, and for values that are not possible.
std::unique_ptr<Network> make(const Spec& spec);
std::unique_ptr<Network> make(const std::string& network, int64_t channels = 3,
                              int64_t classes = 2);

}  // namespace tessera::zoo
