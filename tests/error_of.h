#pragma once

#include <functional>
#include <string>

namespace tessera::testing {

// The text of the Error that `work` throws, "" if none.
std::string error_of(const std::function<void()>& work);

}  // namespace tessera::testing
