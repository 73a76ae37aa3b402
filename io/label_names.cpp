#include "io/label_names.h"

#include <algorithm>
#include <charconv>
#include <map>

#include <fmt/format.h>

#include "core/error.h"
#include "io/json_file.h"

namespace tessera::io {

namespace fs = std::filesystem;

namespace {

constexpr const char* kIgnore = "ignore";

std::optional<int64_t> whole_number(const std::string& text) {
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || at != end) return {};
  return value;
}

// Names and values as an object or a list gives them; nothing when it is neither.
std::optional<std::multimap<int64_t, std::string>> entries_of(const Json& json) {
  std::multimap<int64_t, std::string> entries;
  int64_t index = 0;
  for (const auto& [key, value] : json.items()) {
    const auto number = whole_number(key);
    if (json.is_array() && value.is_string())
      entries.emplace(index++, value.get<std::string>());
    else if (json.is_object() && value.is_number_unsigned())
      entries.emplace(value.get<int64_t>(), key);
    else if (json.is_object() && value.is_string() && number)
      entries.emplace(*number, value.get<std::string>());
    else
      return {};
  }
  return json.is_structured() ? std::optional(entries) : std::nullopt;
}

LabelNames parse(const Json& json, const std::string& name) {
  LabelNames labels;
  auto entries = entries_of(json);
  bool fits = entries.has_value();
  if (fits) {
    for (auto entry = entries->begin(); entry != entries->end();) {
      const bool ignored = entry->second == kIgnore && entry->first <= 65535;
      if (ignored) labels.ignore = static_cast<int32_t>(entry->first);
      entry = ignored ? entries->erase(entry) : std::next(entry);
    }
    for (const auto& [value, label] : *entries) {
      fits = fits && value == std::ssize(labels.names);
      labels.names.push_back(label);
    }
  }
  require(fits,
          "open_dataset: {} must be a list of names, such as [\"background\", \"brain\"], or an "
          "object that gives each name one of the indices 0, 1, ...",
          name);
  return labels;
}

bool names_regions(const Json& labels) {
  return labels.is_object() && std::any_of(labels.begin(), labels.end(),
                                           [](const Json& value) { return value.is_array(); });
}

}  // namespace

LabelNames read_label_names(const fs::path& folder) {
  if (const fs::path path = folder / "labels.json"; is_there(path))
    return parse(load_json(path), path.string());
  const fs::path path = folder / "dataset.json";
  if (!is_there(path)) return {};
  const Json labels = field<Json>(load_json(path), "labels", "open_dataset: " + path.string());
  return names_regions(labels) ? LabelNames() : parse(labels, path.string() + ", labels,");
}

fs::path write_label_names(const DatasetLayout& layout, const LabelNames& labels) {
  Json names = Json::object();
  for (size_t i = 0; i < labels.names.size(); ++i) names[labels.names[i]] = i;
  require(names.size() == labels.names.size(), "dataset: names of classes must differ");
  if (layout.kind != LayoutKind::nnunet) {
    fs::path path = layout.folder / "labels.json";
    save_json(labels.names, path);
    return path;
  }
  fs::path path = layout.folder / "dataset.json";
  Json json = is_there(path) ? load_json(path) : Json::object();
  if (!json.is_object()) json = Json::object();
  if (labels.ignore) names[kIgnore] = *labels.ignore;
  if (!names.empty()) json["labels"] = names;  // regions stay
  const size_t channels = layout.cases.empty() ? 1 : 1 + layout.cases[0].further.size();
  if (!json["channel_names"].is_object() || json["channel_names"].size() != channels) {
    json["channel_names"] = Json::object();
    for (size_t c = 0; c < channels; ++c)
      json["channel_names"][fmt::format("{}", c)] = fmt::format("channel_{}", c);
  }
  json["numTraining"] = std::count_if(layout.cases.begin(), layout.cases.end(),
                                      [](const Case& one) { return one.split != "test"; });
  if (!layout.cases.empty()) {
    const std::string file = layout.cases[0].mask.filename().string();
    json["file_ending"] = file.substr(stem_of(file).size());
  }
  save_json(json, path);
  return path;
}

}  // namespace tessera::io
