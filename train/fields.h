#pragma once

#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/nearest.h"
#include "io/json_file.h"

namespace tessera::train {

// A settings struct lists its fields once, in
//
//   template <class Config, class F> static void fields(Config& c, F f);  // f(name, field, help)
//
// and gets its command line flags, its JSON file and its documentation from that.

// Takes over the fields of a JSON object, but those that `keep` names; the others keep their
// values. Throws Error naming the file and the field for another type, and for an unknown field the
// nearest one.
template <class Config>
void load_fields(
    Config& config, const std::filesystem::path& path,
    const std::function<bool(const char*)>& keep = [](const char*) { return false; }) {
  const io::Json json = io::load_json(path);
  const std::string name = path.string();
  if (!json.is_object()) fail(name + ": it must hold a JSON object such as {\"epochs\": 20}");
  std::vector<std::string> known;
  Config::fields(config, [&](const char* key, auto& value, const char*) {
    known.emplace_back(key);
    auto stored = io::field<std::remove_reference_t<decltype(value)>>(json, key, value, name);
    if (!keep(key)) value = std::move(stored);
  });
  for (const auto& entry : json.items()) {
    if (std::ranges::find(known, entry.key()) == known.end()) {
      fail(name + ": there is no field '" + entry.key() + "'; " + suggest(entry.key(), known));
    }
  }
}

// The fields as a JSON object, in their order.
template <class Config>
std::string fields_json(const Config& config) {
  auto json = nlohmann::ordered_json::object();
  Config::fields(config,
                 [&](const char* key, const auto& value, const char*) { json[key] = value; });
  return json.dump(2) + "\n";
}

}  // namespace tessera::train
