#include "io/torch_file.h"

#include <map>

#include "core/error.h"
#include "io/bytes.h"
#include "io/state_dict.h"
#include "io/unpickle.h"
#include "io/zip.h"

namespace tessera::io {

namespace {

// LONG1 of ten bytes: the number with which files of the older kind begin.
constexpr std::string_view kLegacyMagic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
constexpr int64_t kLegacyProtocol = 1001;

// The folder in the zip: what stands before "data.pkl".
std::string folder_of(const ZipReader& zip, const std::string& name) {
  const std::string marker = "data.pkl";
  for (const auto& entry : zip.members()) {
    const std::string& member = entry.first;
    if (member == marker || member.ends_with("/" + marker)) {
      return member.substr(0, member.size() - marker.size());
    }
  }
  fail(fmt::format("{} is a zip but no checkpoint: it has no data.pkl", name));
}

Archive read_zip(std::string_view bytes, const std::string& name) {
  const ZipReader zip(bytes, name);
  const std::string folder = folder_of(zip, name);
  const std::string pickled = zip.read(folder + "data.pkl");
  const std::string order = folder + "byteorder";
  const bool big_endian = zip.contains(order) && zip.read(order) == "big";
  struct Storage {
    std::string buffer;
    std::string_view bytes;
  };
  std::map<std::string, Storage> storages;
  const auto storage = [&](std::string_view key) {
    const auto [entry, is_new] = storages.try_emplace(std::string(key));
    Storage& found = entry->second;
    if (is_new) found.bytes = zip.view(folder + "data/" + entry->first, found.buffer);
    return found.bytes;
  };
  return state_dict_of(unpickle(pickled, name), storage, big_endian);
}

// Magic number, version, facts about the machine, the value, the keys of its storages, and then
// each storage: how many elements, and the elements.
Archive read_legacy(std::string_view bytes, const std::string& name) {
  size_t position = 0;
  const auto next = [&] {
    Pickle pickle = unpickle(bytes.substr(position), name);
    position += pickle.length;
    return pickle;
  };
  next();
  const Pickle version = next();
  require(version[version.root].integer == kLegacyProtocol, "{}: version {} is not known", name,
          version[version.root].integer);
  const Pickle machine = next();
  const PickleValue* little = machine.find(machine[machine.root], "little_endian");
  const bool big_endian = little != nullptr && little->integer == 0;
  const Pickle value = next(), keys = next();

  std::map<std::string_view, int64_t> sizes;  // of an element of each storage
  for (Pickle::Index i = 0; i < value.size(); ++i) {
    if (value[i].kind == PickleValue::Kind::storage) sizes[value[i].text] = value[i].type.size;
  }
  ByteReader reader(bytes, name);
  reader.seek(position);
  std::map<std::string_view, std::string_view> storages;
  const PickleValue& list = keys[keys.root];
  for (size_t i = 0; i < list.items.size(); ++i) {
    const auto key = keys.item(list, i, PickleValue::Kind::text, "the list of storages").text;
    const auto elements = reader.number<uint64_t>(big_endian);
    require(sizes.count(key) > 0, "{}: a storage belongs to no tensor", name);
    require(elements <= reader.left(), "{} is truncated: a storage should have {} elements", name,
            elements);
    storages[key] = reader.take(elements * static_cast<uint64_t>(sizes[key]));
  }
  const auto storage = [&](std::string_view key) {
    const auto found = storages.find(key);
    require(found != storages.end(), "{}: a storage is missing", name);
    return found->second;
  };
  return state_dict_of(value, storage, big_endian);
}

}  // namespace

Archive load_torch(const std::filesystem::path& path) {
  const std::string bytes = read_file(path), name = "load: " + path.string();
  if (is_zip(bytes)) return read_zip(bytes, name);
  require(is_legacy_torch(bytes), "{} was not written by torch.save", name);
  return read_legacy(bytes, name);
}

bool is_legacy_torch(std::string_view begin) {
  return is_pickle(begin) && begin.substr(2, kLegacyMagic.size()) == kLegacyMagic;
}

}  // namespace tessera::io
