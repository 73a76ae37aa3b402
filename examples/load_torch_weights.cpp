// Loads a U-Net that PyTorch saved with torch.save(model.state_dict(), ...), and predicts with it.
//
//   build/load_torch_weights                                 (at the root of the repository)
//   build/load_torch_weights unet.pth picture.png mask.png   (weights, input, result)
//
// Without arguments it takes a small network of the tests, and compares with the logits that
// PyTorch recorded. Expected: a relative difference below 1e-4; else the program returns 1.

#include <iostream>

#include "tessera.h"

using namespace tessera;

// The U-Net that has weights of these names and shapes.
zoo::UNet network_of(const nn::StateDict& weights) {
  const Shape first = weights.at("inc.double_conv.0.weight").shape();  // [width, channels, 3, 3]
  const Shape last = weights.at("outc.conv.weight").shape();           // [classes, width, 1, 1]
  zoo::UNet model(first[1], last[0],
                  {.bilinear = !weights.contains("up1.up.weight"), .width = first[0]});
  model.load_state_dict(weights);  // names what is missing, unexpected or of another shape
  model.eval();
  return model;
}

int run(int argc, char** argv) {
  zoo::UNet model =
      network_of(io::load_weights(argc > 1 ? argv[1] : "tests/data/io/unet.pth").tensors);
  std::cout << "U-Net from " << model.channels() << " channels to " << model.classes()
            << " classes, " << model.parameter_count() << " parameters\n";
  const NoGrad no_grad;
  if (argc > 3) {
    const io::Image image = io::read_image(argv[2]);
    const Tensor x = infer::to_tensor(io::prepare(image, {.channels = model.channels()}));
    io::write_png(io::best_class(infer::probabilities(model(x))), argv[3],
                  io::class_palette(model.classes()));
    return 0;
  }
  const auto torch = io::load_safetensors("tests/data/unet.safetensors").tensors;
  const Tensor y = model(torch.at("x")), expected = torch.at("eval");
  const double difference = (max(abs(y - expected)) / max(abs(expected))).item();
  std::cout << "relative difference from PyTorch: " << difference << "\n";
  return difference < 1e-4 ? 0 : 1;
}

int main(int argc, char** argv) try {
  return run(argc, argv);
} catch (const std::exception& error) {
  std::cerr << "load_torch_weights: " << error.what() << "\n";
  return 1;
}
