#include "io/label_names.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "io/json_file.h"
#include "tests/io/temporary_set.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;

TEST_SUITE("io/label_names") {
  using Names = std::vector<std::string>;

  TEST_CASE("names are read from either file, either way round") {
    const TemporaryFolder folder("labels");
    CHECK(read_label_names(folder.path()).names.empty());
    const std::pair<const char*, Names> files[] = {
        {R"({"labels": {"background": 0, "a": 1}})", {"background", "a"}},
        {R"({"labels": {"0": "background", "1": "a"}})", {"background", "a"}},
        {R"({"labels": {"background": 0, "whole": [1, 2], "core": 2}})", {}},
    };
    for (const auto& [text, names] : files) {
      folder.write("dataset.json", text);
      CHECK(read_label_names(folder.path()).names == names);
    }
    folder.write("dataset.json", R"({"labels": {"background": 0, "a": 1, "ignore": 2}})");
    CHECK(read_label_names(folder.path()).ignore == 2);
    for (const char* wrong : {R"({"labels": {"a": 1}})", R"({"labels": {"a": 0, "b": 2}})",
                              R"({"labels": {"a": "0"}})", R"({"labels": 3})", R"({})", "[]"}) {
      folder.write("dataset.json", wrong);
      CAPTURE(wrong);
      CHECK_THROWS_WITH_AS(read_label_names(folder.path()), doctest::Contains("dataset.json"),
                           Error);
    }
    folder.write("labels.json", R"(["x", "y"])");
    CHECK(read_label_names(folder.path()).names == Names{"x", "y"});
  }

  TEST_CASE("the json of each layout is written and read back") {
    const TemporaryFolder folder("labels");
    DatasetLayout layout;
    layout.folder = folder.path();
    CHECK(write_label_names(layout, {{"air", "brain"}, {}}) == folder / "labels.json");
    CHECK(read_label_names(folder.path()).names == Names{"air", "brain"});
    CHECK_THROWS_WITH_AS(write_label_names(layout, {{"a", "a"}, {}}),
                         doctest::Contains("must differ"), Error);
    std::filesystem::remove(folder / "labels.json");

    layout.kind = LayoutKind::nnunet;
    layout.cases = {{.name = "p",
                     .image = "p_0000.nii.gz",
                     .mask = "p.nii.gz",
                     .split = "train",
                     .further = {"p_0001.nii.gz"}},
                    {.name = "q", .image = "q_0000.nii.gz", .mask = "q.nii.gz", .split = "test"}};
    folder.write("dataset.json", R"({"name": "kept", "channel_names": {"0": "CT"}})");
    write_label_names(layout, {{"background", "a"}, 255});
    const Json json = load_json(folder / "dataset.json");
    CHECK(json == Json::parse(R"({"name": "kept", "numTraining": 1, "file_ending": ".nii.gz",
        "channel_names": {"0": "channel_0", "1": "channel_1"},
        "labels": {"background": 0, "a": 1, "ignore": 255}})"));
    CHECK(read_label_names(folder.path()).ignore == 255);
  }
}
