#include <filesystem>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "io/doctor_chart.h"
#include "tests/io/temporary_set.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;
namespace fs = std::filesystem;

TEST_SUITE("io/doctor_files") {
  TEST_CASE("masks whose names have something more are paired, if most have it") {
    const TemporaryFolder folder("doctor_names");
    for (const char* name : {"a", "b", "c"}) {
      add_case(folder, name, counting_labels(4, 5, 3, name[0]));
      fs::rename(folder / fmt::format("masks/{}.png", name),
                 folder / fmt::format("masks/seg-{}.png", name));
    }
    Chart chart = examine(folder.path(), {.quiet = true});
    CHECK(chart.cases.size() == 3);
    CHECK(chart.findings.size() == 3);
    CHECK(chart.cases[1].mask_stem == "b");
    CHECK(chart.dropped.empty());

    // Names that share nothing stay alone.
    for (const char* name : {"a", "b", "c"})
      fs::rename(folder / fmt::format("masks/seg-{}.png", name),
                 folder / fmt::format("masks/{}.png", name[0] - 'a'));
    chart = examine(folder.path(), {.quiet = true});
    CHECK(chart.cases.empty());
    CHECK(chart.dropped.size() == 6);
  }

  TEST_CASE("a case of no list gets the split of its patient") {
    const TemporaryFolder folder("doctor_names");
    Chart chart;
    chart.layout.folder = folder.path();
    for (const char* group : {"p", "q", "p"}) {
      ExaminedCase one;
      one.found.group = group;
      chart.cases.push_back(one);
    }
    chart.cases[0].found.split = "val";
    check_split_files(chart);
    CHECK(chart.cases[1].found.split == "train");
    CHECK(chart.cases[2].found.split == "val");
    CHECK(chart.new_splits);
  }
}
