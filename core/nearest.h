#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tessera {

// Help for a name that does not exist: "did you mean 'unet'? there are unet, segnet, pspnet". The
// guess is left out when nothing known is near.
std::string suggest(const std::string& wanted, const std::vector<std::string>& known);

// Where `name` stands among `known`. Throws "<what>: there is no '<name>'; did you mean ..." if it
// does not.
size_t index_of(std::string_view what, std::string_view name,
                const std::vector<std::string>& known);

// The value called `name`; otherwise throws as index_of does.
template <class T>
T choose(std::string_view what, std::string_view name,
         std::initializer_list<std::pair<const char*, T>> choices) {
  std::vector<std::string> known;
  for (const auto& choice : choices) known.emplace_back(choice.first);
  return choices.begin()[index_of(what, name, known)].second;
}

}  // namespace tessera
