#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "infer/postprocess.h"
#include "infer/sliding_window.h"
#include "io/image.h"
#include "io/preprocess.h"
#include "zoo/catalogue.h"

namespace tessera::io {
struct ModelFile;
}

namespace tessera::infer {

// A network with all that its use needs.
struct Model {
  zoo::Spec spec;
  std::unique_ptr<zoo::Network> network;
  io::Preprocess preprocess;
  std::vector<std::string> labels;  // names of the classes
  Postprocess postprocess = {};     // of predicted labels
};

// From and to a model file. Reading throws Error naming the file when it is none, when the
// catalogue has no such network, or when the weights do not fit it. The network is in evaluation
// mode and optimized for inference.
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

// How a picture is predicted.
struct PredictOptions {
  // Window by window, of the size that the network sees; left out: all at once.
  std::optional<SlidingWindowOptions> window = std::nullopt;
  std::vector<int64_t> mirror = {};  // axes, 0 height and 1 width; see mirrored
};

// The logits [1, classes, H, W] of a prepared picture [1, C, H, W]. The network must be in
// evaluation mode.
Tensor logits(const Model& model, const Tensor& x, const PredictOptions& options = {});

// The probabilities of the classes at each pixel of a picture, at its own size.
io::Image probabilities(const Model& model, const io::Image& image,
                        const PredictOptions& options = {});
// Their means over several models of the same classes.
io::Image probabilities(std::span<const Model> models, const io::Image& image,
                        const PredictOptions& options = {});

// The class of each pixel, from the probabilities, after the model's post-processing.
io::LabelMap labels(const Model& model, const io::Image& probabilities);

// About the memory, in bytes, that predicting a picture of that size takes at most: weights, all
// that the network computes on its way, and the sums over windows.
int64_t memory_bound(const Model& model, int64_t height, int64_t width,
                     const PredictOptions& options);

}  // namespace tessera::infer
