#include "io/jittor_file.h"

#include "core/error.h"
#include "io/bytes.h"
#include "io/sha1.h"
#include "io/state_dict.h"
#include "io/unpickle.h"

namespace tessera::io {

namespace {

constexpr std::string_view kJittorMagic = "HCAJSLHD";
constexpr size_t kTail = 20 + kJittorMagic.size();

}  // namespace

Archive load_jittor(const std::filesystem::path& path) {
  const std::string bytes = read_file(path), name = "load: " + path.string();
  std::string_view pickled = bytes;
  if (bytes.ends_with(kJittorMagic) && bytes.size() >= kTail) {
    pickled.remove_suffix(kTail);
    require(sha1(pickled) == bytes.substr(pickled.size(), kTail - kJittorMagic.size()),
            "{} is damaged: its SHA-1 is wrong", name);
  }
  const auto storage = [&](std::string_view) -> std::string_view {
    fail(fmt::format("{}: a tensor of PyTorch has no storage here", name));
  };
  return state_dict_of(unpickle(pickled, name), storage);
}

}  // namespace tessera::io
