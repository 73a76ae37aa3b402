#include "io/npz.h"

#include <fmt/format.h>

#include "io/bytes.h"
#include "io/npy.h"
#include "io/zip.h"

namespace tessera::io {

namespace {

const std::string kExtension = ".npy";

}  // namespace

Archive load_npz(const std::filesystem::path& path) {
  const std::string bytes = read_file(path), name = "load: " + path.string();
  const ZipReader zip(bytes, name);
  Archive archive;
  for (const auto& entry : zip.members()) {
    const std::string& member = entry.first;
    if (!member.ends_with(kExtension)) continue;
    const std::string array = member.substr(0, member.size() - kExtension.size());
    archive.tensors[array] = parse_npy(zip.read(member), fmt::format("{}: \"{}\"", name, array));
  }
  return archive;
}

void save_npz(const Archive& archive, const std::filesystem::path& path, bool compressed) {
  Tensors all;
  for (const auto& entry : archive.tensors) all.push_back(entry.second);
  eval(all);
  ZipWriter zip(path);
  for (const auto& [name, tensor] : archive.tensors) {
    zip.add(name + kExtension, npy_bytes(tensor), compressed);
  }
  zip.commit();
}

}  // namespace tessera::io
