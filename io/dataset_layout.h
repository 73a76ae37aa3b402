#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "io/dataset.h"

namespace tessera::io {

// The cases of a folder in one of the layouts of open_dataset, in the order of their names, before
// any picture is read: name, image, mask, and group and split where the folder tells them.
// Throws Error as open_dataset does.
std::vector<Case> find_cases(const std::filesystem::path& folder);

// The files in `folder` that is_image_name knows, in the order of their stems. Throws Error when
// two have the same stem, or when there is none.
std::vector<std::filesystem::path> find_images(const std::filesystem::path& folder);

// Gives each case without a split "train", "val" or "test". Groups stay together: they are put into
// the order that `seed` gives, and about `val` and `test` of them, in [0, 1], are taken from its
// start. There is always a group for training, one for validation when there are two and val > 0,
// and one for testing when there are three and test > 0. A case without group is a group.
void split_by_group_(std::vector<Case>& cases, double val, double test, uint64_t seed);

}  // namespace tessera::io
