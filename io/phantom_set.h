#pragma once

#include <filesystem>

#include "io/phantom.h"
#include "io/progress.h"

namespace tessera::io {

// Writes `cases` phantoms as a dataset that open_dataset reads: images/ and masks/ (PNG; volumes as
// .nii.gz with spacing), labels.json, split.csv with about 15 % for val and test each, and for each
// rater masks_rater1/, masks_rater2/, .... The same arguments give the same bytes.
// Throws Error as make_phantom does, for cases outside [1, 100000], and when the folder holds a
// dataset already.
void write_phantoms(const PhantomKind& kind, const PhantomOptions& options, int64_t cases,
                    const std::filesystem::path& folder, Progress* progress = nullptr);

}  // namespace tessera::io
