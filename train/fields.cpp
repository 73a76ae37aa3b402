#include "train/fields.h"

#include <algorithm>

#include "core/error.h"
#include "core/nearest.h"
#include "io/json_file.h"

namespace tessera::train {

void load_fields(std::span<const Field> fields, const std::filesystem::path& path,
                 const std::function<bool(const char*)>& keep) {
  const io::Json json = io::load_json(path);
  const std::string file = path.string();
  require(json.is_object(), "{}: it must hold a JSON object such as {{\"epochs\": 20}}", file);
  std::vector<std::string> known;
  for (const Field& field : fields) {
    known.emplace_back(field.name);
    std::visit(
        [&](auto* value) {
          auto stored =
              io::field<std::remove_pointer_t<decltype(value)>>(json, field.name, *value, file);
          if (!keep(field.name)) *value = std::move(stored);
        },
        field.value);
  }
  for (const auto& entry : json.items()) {
    require(std::ranges::find(known, entry.key()) != known.end(), "{}: there is no field '{}'; {}",
            file, entry.key(), suggest(entry.key(), known));
  }
}

std::string fields_json(std::span<const Field> fields) {
  auto json = nlohmann::ordered_json::object();
  for (const Field& field : fields) {
    std::visit([&](const auto* value) { json[field.name] = *value; }, field.value);
  }
  return json.dump(2) + "\n";
}

}  // namespace tessera::train
