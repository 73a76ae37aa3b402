#include "io/weights.h"

#include <algorithm>

#include "core/error.h"
#include "io/bytes.h"
#include "io/jittor_file.h"
#include "io/model_file.h"
#include "io/npz.h"
#include "io/safetensors.h"
#include "io/torch_file.h"
#include "io/unpickle.h"
#include "io/zip.h"

namespace tessera::io {

namespace {

// Whether a zip has arrays of NumPy in it; else it is PyTorch's.
bool is_npz(const std::filesystem::path& path) {
  const std::string bytes = read_file(path);
  const ZipReader zip(bytes, "load: " + path.string());
  return std::any_of(zip.members().begin(), zip.members().end(),
                     [](const auto& member) { return member.first.ends_with(".npy"); });
}

}  // namespace

Archive load_weights(const std::filesystem::path& path) {
  const std::string begin = read_file(path, 32);
  const std::string extension = path.extension().string();
  if (extension == kModelExtension) return {load_model(path).weights, {}};
  if (is_safetensors(begin) || extension == ".safetensors") return load_safetensors(path);
  if (is_zip(begin)) return is_npz(path) ? load_npz(path) : load_torch(path);
  if (is_legacy_torch(begin)) return load_torch(path);
  if (is_pickle(begin)) return load_jittor(path);
  fail(
      fmt::format("load: {} holds no weights of a known format; .safetensors, .npz, .pth, .pt, "
                  ".pkl and .tessera files are read",
                  path.string()));
}

}  // namespace tessera::io
