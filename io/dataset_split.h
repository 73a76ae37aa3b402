#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "io/dataset.h"
#include "io/dataset_layout.h"

namespace tessera::io {

// The file that holds folds, in nnU-Net's form: [{"train": [names], "val": [names]}, ...].
inline constexpr const char* kFoldsFile = "splits_final.json";

// Gives the cases the splits, groups and annotated classes of a table (.csv) with a column `stem`
// and at least one of `split`, `annotated` and `group` (or `patient`, `patient_id`, `subject`,
// `subject_id`, `person`, `child`, `animal`). Rows that fit no case, and cases without a row, are
// mistakes. Throws Error when the table cannot be read.
void apply_split_file(std::vector<Case>& cases, const std::filesystem::path& path,
                      std::vector<Mistake>& mistakes);

// Gives each case without a split "train", "val" or "test". Groups stay together: they are put into
// the order that `seed` gives, and about `val` and `test` of them, in [0, 1], are taken from its
// start. There is always a group for training, one for validation when there are two and val > 0,
// and one for testing when there are three and test > 0. A case without group is a group.
void split_by_group_(std::vector<Case>& cases, double val, double test, uint64_t seed);

// Which of `folds` folds, 0, 1, ..., validates each case; -1 for cases that only test (those whose
// split is "test" or begins with "test_"). Cases of one group are in one fold, and folds are alike
// in their numbers of cases, of cases that show each class, and of pixels of each class (`pixels`
// of the cases): groups, large ones first and equal ones in the order that `seed` gives, go to the
// fold that has least of what they bring. Throws Error when there are fewer groups than folds.
std::vector<int64_t> assign_folds(const std::vector<Case>& cases, int64_t folds, uint64_t seed);

// Writes the folds of assign_folds, whole or not at all: slices by the name of their volume.
void save_folds(const std::vector<Case>& cases, const std::vector<int64_t>& fold_of, int64_t folds,
                const std::filesystem::path& path);

// Gives the cases the splits of a fold: "train", "val", and for those in neither list "test..." as
// before, else "unused". Throws Error naming the file: no such fold, a name without case, a name in
// both lists, a list without names.
void apply_fold_(std::vector<Case>& cases, const std::filesystem::path& path, int64_t fold);

// Whether the split is "test" or one such as "test_other_site".
bool is_test(const std::string& split);

}  // namespace tessera::io
