#pragma once

#include <string>
#include <string_view>

namespace tessera::io {

// The 20 bytes of SHA-1 (RFC 3174) of `bytes`. It tells damage, not malice.
std::string sha1(std::string_view bytes);

}  // namespace tessera::io
