#include "io/dataset_split.h"

#include <map>
#include <set>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "core/error.h"
#include "io/json_file.h"
#include "tests/io/temporary_set.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;

namespace {

std::vector<Case> numbered_cases(int count, int groups) {
  std::vector<Case> cases;
  for (int i = 0; i < count; ++i) {
    cases.push_back({.name = fmt::format("case{}", i), .image = "x.png"});
    if (groups > 0) cases.back().group = fmt::format("patient{}", i % groups);
  }
  return cases;
}

std::map<std::string, int> sizes(const std::vector<Case>& cases) {
  std::map<std::string, int> count;
  for (const Case& one : cases) ++count[one.split];
  return count;
}

// Groups of several sizes; every fifth shows class 1, every tenth class 2.
std::vector<Case> mixed_cases() {
  std::vector<Case> cases;
  for (int group = 0; group < 50; ++group)
    for (int i = 0; i <= group % 4; ++i)
      cases.push_back({.name = fmt::format("g{}_{}", group, i),
                       .image = "x.png",
                       .group = fmt::format("g{}", group),
                       .pixels = {100, group % 5 == 0 ? 40 : 0, group % 10 == 0 ? 7 : 0}});
  return cases;
}

}  // namespace

TEST_SUITE("io/dataset_split") {
  TEST_CASE("groups are divided as asked and stay together") {
    for (const int groups : {0, 10}) {
      std::vector<Case> cases = numbered_cases(100, groups);
      split_by_group_(cases, 0.2, 0.3, 1);
      CHECK(sizes(cases) == std::map<std::string, int>{{"train", 50}, {"val", 20}, {"test", 30}});
      std::map<std::string, std::set<std::string>> splits_of;
      for (const Case& one : cases) splits_of[one.group].insert(one.split);
      if (groups > 0)
        for (const auto& entry : splits_of) CHECK(entry.second.size() == 1);
    }
  }

  TEST_CASE("the seed alone decides, and cases with a split keep it") {
    std::vector<Case> a = numbered_cases(50, 0), b = a, c = a;
    a[7].split = b[7].split = "test_far";
    split_by_group_(a, 0.2, 0.2, 1);
    split_by_group_(b, 0.2, 0.2, 1);
    split_by_group_(c, 0.2, 0.2, 2);
    CHECK(a[7].split == "test_far");
    bool equal = true, other = false;
    for (size_t i = 0; i < a.size(); ++i) {
      equal &= a[i].split == b[i].split;
      other |= a[i].split != c[i].split;
    }
    CHECK(equal);
    CHECK(other);
  }

  TEST_CASE("few groups go to training first, then validation, then testing") {
    const auto split = [](int groups, double val, double test) {
      std::vector<Case> cases = numbered_cases(groups, 0);
      split_by_group_(cases, val, test, 0);
      return sizes(cases);
    };
    using Sizes = std::map<std::string, int>;
    CHECK(split(1, 0.15, 0.15) == Sizes{{"train", 1}});
    CHECK(split(2, 0.15, 0.15) == Sizes{{"train", 1}, {"val", 1}});
    CHECK(split(3, 0.15, 0.15) == Sizes{{"train", 1}, {"val", 1}, {"test", 1}});
    CHECK(split(3, 0, 0.15) == Sizes{{"train", 2}, {"test", 1}});
    CHECK(split(4, 0.45, 0.54) == Sizes{{"train", 1}, {"val", 2}, {"test", 1}});
    CHECK_THROWS_WITH_AS(split(3, 0.5, 0.5), doctest::Contains("together below 1, got 0.5 and 0.5"),
                         Error);
  }

  TEST_CASE("folds hold whole groups and are alike in cases and classes") {
    std::vector<Case> cases = mixed_cases();
    cases[1].split = "test_far";
    const std::vector<int64_t> fold_of = assign_folds(cases, 5, 3);
    CHECK(fold_of == assign_folds(cases, 5, 3));
    CHECK(fold_of != assign_folds(cases, 5, 4));
    CHECK(fold_of[1] == -1);
    std::map<std::string, std::set<int64_t>> folds_of;
    std::map<int64_t, std::array<int, 3>> held;
    for (size_t i = 0; i < cases.size(); ++i) {
      if (i == 1) continue;
      folds_of[cases[i].group].insert(fold_of[i]);
      for (size_t c = 0; c < 3; ++c) held[fold_of[i]][c] += cases[i].pixels[c] > 0 ? 1 : 0;
    }
    for (const auto& entry : folds_of) CHECK(entry.second.size() == 1);
    REQUIRE(held.size() == 5);
    // 122 cases, 23 with class 1 and 9 with class 2 (in 5 groups).
    for (const auto& entry : held) {
      CHECK(entry.second[0] >= 22);
      CHECK(entry.second[0] <= 26);
      CHECK(entry.second[1] >= 3);
      CHECK(entry.second[1] <= 6);
      CHECK(entry.second[2] >= 1);
    }
    CHECK_THROWS_WITH_AS(assign_folds(cases, 51, 0), doctest::Contains("50, got 51"), Error);
    CHECK_THROWS_WITH_AS(assign_folds(cases, 1, 0), doctest::Contains("from 2 folds"), Error);
  }

  TEST_CASE("folds are written in nnU-Net's form and read back") {
    const TemporaryFolder folder("folds");
    std::vector<Case> cases = mixed_cases();
    cases[1].split = "test";
    cases[2].slice = 0;
    cases[2].volume = cases[2].name;
    cases[2].name += "_s000";
    const std::vector<int64_t> fold_of = assign_folds(cases, 3, 0);
    const auto path = folder / kFoldsFile;
    save_folds(cases, fold_of, 3, path);
    cases[2].name = cases[2].volume;
    for (int64_t fold = 0; fold < 3; ++fold) {
      apply_fold_(cases, path, fold);
      bool equal = true;
      for (size_t i = 0; i < cases.size(); ++i)
        equal &= cases[i].split == (i == 1 ? "test" : fold_of[i] == fold ? "val" : "train");
      CHECK(equal);
    }
    CHECK_THROWS_WITH_AS(apply_fold_(cases, path, 3), doctest::Contains("folds 0 to 2, got 3"),
                         Error);
    CHECK_THROWS_WITH_AS(apply_fold_(cases, folder / "none.json", 0),
                         doctest::Contains("`tessera dataset split` writes it"), Error);
    const std::pair<const char*, const char*> files[] = {
        {R"({"train": []})", "must be a list of folds"},
        {R"([{"train": ["g2_0"], "val": []}])", "has no cases for val"},
        {R"([{"train": ["g2_0"], "val": ["g2_0"]}])", "names \"g2_0\" a second time"},
        {R"([{"train": ["g2_0"], "val": ["z"]}])", "names \"z\", but there is no image"},
        {R"([{"train": "g2_0"}])", "train"},
        {"[1]", "train"},
    };
    for (const auto& one : files) {
      folder.write(kFoldsFile, one.first);
      CAPTURE(one.first);
      CHECK_THROWS_WITH_AS(apply_fold_(cases, path, 0), doctest::Contains(one.second), Error);
    }
    folder.write(kFoldsFile, R"([{"train": ["g2_0"], "val": ["g2_1"]}])");
    apply_fold_(cases, path, 0);
    CHECK(sizes(cases) ==
          std::map<std::string, int>{{"train", 1}, {"val", 1}, {"test", 1}, {"unused", 120}});
  }
}
