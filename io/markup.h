#pragma once

#include <string>
#include <string_view>

namespace tessera::io {

// The text as it stands between tags and in quoted attributes of HTML and XML: & < > " ' become
// entities; what may not stand there (control characters, bytes that are not UTF-8) becomes U+FFFD.
std::string escape_markup(std::string_view text);

// Base64 as in RFC 4648, with padding and without line ends.
std::string base64(std::string_view bytes);

// "data:image/png;base64,...": the bytes in the place of a link.
std::string data_uri(std::string_view mime_type, std::string_view bytes);

}  // namespace tessera::io
