#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "io/image.h"
#include "io/model_file.h"
#include "io/preprocess.h"
#include "zoo/catalogue.h"

namespace tessera::train {

// A network with all that its use needs.
struct Model {
  zoo::Spec spec;
  std::unique_ptr<zoo::Network> network;
  io::Preprocess preprocess;
  std::vector<std::string> labels;  // names of the classes
};

// From and to a model file. Reading throws Error naming the file when it is none, when the
// catalogue has no such network, or when the weights do not fit it. The network is in evaluation
// mode.
Model load_model(const std::filesystem::path& path);
Model to_model(const io::ModelFile& file, const std::string& name);
io::ModelFile to_file(const Model& model);

// Gives a network the weights of any file that io::load_weights reads. Throws Error naming the file
// when they do not fit; with `partial` what fits is taken over, and the rest is printed.
void load_weights(nn::Module& network, const std::filesystem::path& path, bool partial);

// A prepared picture as the network takes it, [1, C, H, W].
Tensor to_tensor(const io::Image& image);

// The probabilities of the classes at each pixel, from logits [1, classes, H, W], as an image of
// that size.
io::Image probabilities(const Tensor& logits);

// The same for a picture, at its own size. The network must be in evaluation mode.
io::Image probabilities(const Model& model, const io::Image& image);

}  // namespace tessera::train
