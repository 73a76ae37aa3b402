#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "io/json.h"

namespace tessera::io {

// Reads JSON (RFC 8259, UTF-8, nested at most 100 deep). Throws Error that names file and line.
Json load_json(const std::filesystem::path& path);

// The same from memory; `name` stands for the file in errors.
Json parse_json(std::string_view text, const std::string& name);

// Writes indented JSON, whole or not at all.
void save_json(const Json& json, const std::filesystem::path& path);

// One line of JSON; bytes that are not UTF-8 are replaced.
std::string json_text(const Json& json);

// The field `key` of `object`. T is bool, int64_t, double, std::string, a std::vector of one of
// them, or Json for whatever is there. Throws Error that begins with `name` and says what is
// missing or what is there instead.
template <class T>
T field(const Json& object, const char* key, const std::string& name);

// The same, but a missing field is `otherwise`.
template <class T>
T field(const Json& object, const char* key, const T& otherwise, const std::string& name) {
  return object.is_object() && !object.contains(key) ? otherwise : field<T>(object, key, name);
}

}  // namespace tessera::io
