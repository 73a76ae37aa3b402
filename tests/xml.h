#pragma once

#include <string>
#include <string_view>

namespace tessera::testing {

// What is wrong with an XML document, or with HTML written so that it is one; empty when it is well
// formed: one root, every tag closed in order, quoted attributes of different names, known
// entities, no control characters. Declarations (<!...>) are passed over.
std::string xml_error(std::string_view text);

}  // namespace tessera::testing
