#include "io/json_file.h"

#include <algorithm>

#include "core/error.h"
#include "io/atomic_file.h"
#include "io/bytes.h"

namespace tessera::io {

namespace {

constexpr int kMaxJsonDepth = 100;  // copying and printing Json is recursive

template <class T>
struct JsonKind;
template <>
struct JsonKind<bool> {
  static constexpr const char* name = "true or false";
  static bool accepts(const Json& value) { return value.is_boolean(); }
};
template <>
struct JsonKind<int64_t> {
  static constexpr const char* name = "a whole number";
  static bool accepts(const Json& value) {
    return value.is_number_integer() &&
           !(value.is_number_unsigned() && value.get<uint64_t>() > uint64_t{INT64_MAX});
  }
};
template <>
struct JsonKind<double> {
  static constexpr const char* name = "a number";
  static bool accepts(const Json& value) { return value.is_number(); }
};
template <>
struct JsonKind<std::string> {
  static constexpr const char* name = "a text";
  static bool accepts(const Json& value) { return value.is_string(); }
};
template <>
struct JsonKind<Json> {
  static constexpr const char* name = "a value";
  static bool accepts(const Json&) { return true; }
};
template <class T>
struct JsonKind<std::vector<T>> {
  static constexpr const char* name = "a list";
  static bool accepts(const Json& value) {
    return value.is_array() && std::all_of(value.begin(), value.end(), JsonKind<T>::accepts);
  }
};

// `json` as text that fits into a message.
std::string shortened(const Json& json) {
  const std::string text = json_text(json);
  return text.size() <= 60 ? text : text.substr(0, 57) + "...";
}

}  // namespace

Json load_json(const std::filesystem::path& path) {
  return parse_json(read_file(path), "load: " + path.string());
}

Json parse_json(std::string_view text, const std::string& name) {
  const auto bounded = [&](int depth, Json::parse_event_t, const Json&) {
    require(depth < kMaxJsonDepth, "{}: JSON is nested more than {} deep", name, kMaxJsonDepth);
    return true;
  };
  try {
    return Json::parse(text, bounded);
  } catch (const Json::parse_error& error) {
    const size_t read = std::min(error.byte, text.size());
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<int64_t>(read), '\n');
    const std::string message = error.what();
    const size_t reason = message.find(": ");  // behind what the library says about the position
    fail(fmt::format("{}:{}: not valid JSON: {}", name, line, message.substr(reason + 2)));
  } catch (const Json::exception& error) {  // a number beyond all bounds
    fail(fmt::format("{}: not valid JSON: {}", name, error.what()));
  }
}

void save_json(const Json& json, const std::filesystem::path& path) {
  const std::string text = json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(text)));
  file.commit();
}

std::string json_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

template <class T>
T field(const Json& object, const char* key, const std::string& name) {
  require(object.is_object(), "{} must be an object with the field \"{}\", got {}", name, key,
          shortened(object));
  const auto found = object.find(key);
  require(found != object.end(), "{}: the field \"{}\" is missing", name, key);
  require(JsonKind<T>::accepts(*found), "{}: \"{}\" must be {}, got {}", name, key,
          JsonKind<T>::name, shortened(*found));
  return found->template get<T>();
}
template bool field(const Json&, const char*, const std::string&);
template int64_t field(const Json&, const char*, const std::string&);
template double field(const Json&, const char*, const std::string&);
template std::string field(const Json&, const char*, const std::string&);
template Json field(const Json&, const char*, const std::string&);
template std::vector<bool> field(const Json&, const char*, const std::string&);
template std::vector<int64_t> field(const Json&, const char*, const std::string&);
template std::vector<double> field(const Json&, const char*, const std::string&);
template std::vector<std::string> field(const Json&, const char*, const std::string&);

}  // namespace tessera::io
