#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace tessera::train {

// A setting: what it is called, where its value is, what it means.
struct Field {
  const char* name;
  std::variant<std::string*, int64_t*, double*, bool*> value;
  const char* help;
};

// The settings of a struct, which lists them once, in
//
//   template <class Config, class F> static void fields(Config& c, F f);  // f(name, value, help)
//
// and gets its command line flags, its JSON file and its documentation from that.
template <class Config>
std::vector<Field> fields_of(Config& config) {
  std::vector<Field> fields;
  Config::fields(config, [&](const char* name, auto& value, const char* help) {
    fields.push_back({name, &value, help});
  });
  return fields;
}

// Sets what a JSON object in a file names, but for those that `keep` holds for; the others keep
// their values. Throws Error naming the file and the field for another type, and for an unknown
// field the nearest one.
void load_fields(
    std::span<const Field> fields, const std::filesystem::path& path,
    const std::function<bool(const char*)>& keep = [](const char*) { return false; });

// All of them as a JSON object, in their order.
std::string fields_json(std::span<const Field> fields);

}  // namespace tessera::train
