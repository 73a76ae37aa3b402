#include "core/cuda/tables.h"

#include <cstring>

#include "core/error.h"

namespace tessera::cuda {

Tables::~Tables() {
  for (const auto& [key, table] : tables_) driver_.free(table);
}

const std::byte* Tables::find(std::string_view key, const std::function<std::string()>& make) {
  const std::string name(key);
  const auto known = tables_.find(name);
  if (known != tables_.end()) return known->second;
  const std::string bytes = make();
  const auto size = static_cast<int64_t>(bytes.size());
  std::byte* const table = driver_.allocate(size);
  require(table != nullptr, "memory: the GPU could not give {} bytes for a table", size);
  tables_.emplace(name, table);
  std::byte* const pinned = driver_.allocate_pinned(size);
  std::memcpy(pinned, bytes.data(), bytes.size());
  driver_.copy_in(table, pinned, size);
  driver_.synchronize();
  driver_.free_pinned(pinned);
  return table;
}

}  // namespace tessera::cuda
