#pragma once

#include <string>
#include <vector>

namespace tessera {

// Help for a name that does not exist: "did you mean 'unet'? there are unet, segnet, pspnet". The
// guess is left out when nothing known is near.
std::string suggest(const std::string& wanted, const std::vector<std::string>& known);

}  // namespace tessera
