#pragma once

// The name alone, for headers: the library's own header is long. io/json_file.h has the rest.
#include <nlohmann/json_fwd.hpp>

namespace tessera::io {

using Json = nlohmann::json;

}  // namespace tessera::io
