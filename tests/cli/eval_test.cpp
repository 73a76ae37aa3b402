// `tessera eval` from the outside: what it writes and what it says.

#include <doctest/doctest.h>

#include "io/json_file.h"
#include "tests/cli/program.h"
#include "tests/text.h"
#include "tests/train/mask_folders.h"

using namespace tessera;
using testing::Ended;
using testing::has;
using testing::MaskFolders;
using testing::run_program;
namespace fs = std::filesystem;

TEST_SUITE("cli/eval") {
  TEST_CASE("a folder beside another one, against a third") {
    const MaskFolders folders("cli_eval");
    for (const char* name : {"a", "b", "c"}) folders.add(name, {"0110", "0220"}, {"0100", "0220"});
    fs::copy(folders.ref(), folders.at("perfect"));
    const std::string ref = folders.ref().string(), pred = folders.pred().string();
    const Ended ended = run_program({"eval", ref, pred, "--against", folders.at("perfect").string(),
                                     "--out", folders.at("out").string(), "--labels",
                                     "background,bone,disc", "--metrics", "dice,nsd@2", "--quiet"});
    CAPTURE(ended.err);
    CHECK(ended.status == 0);
    CHECK(ended.err.empty());
    CHECK(has(ended.out, "3 cases of"));
    CHECK(has(ended.out, "bone"));
    CHECK(has(ended.out, "Wilcoxon"));
    const io::Json json = io::load_json(folders.at("out") / "metrics.json");
    CHECK(json["convention"] == "tessera");
    CHECK(json["classes"]["bone"]["dice"]["mean"] == 2. / 3);
    CHECK(json["classes"]["disc"]["dice"]["mean"] == 1);
    CHECK(json["against"]["rows"][0]["rises"] == 3);
    CHECK(json["against"]["rows"][0]["wilcoxon"] == 0.25);
    CHECK(fs::file_size(folders.at("out") / "cases.csv") > 0);
    CHECK(fs::file_size(folders.at("out") / "report.html") > 1000);

    // Two files, and nothing is written.
    const Ended one = run_program({"eval", ref + "/a.png", pred + "/b.png", "--quiet"});
    CHECK(one.status == 0);
    CHECK(has(one.out, "1 cases of"));
  }

  TEST_CASE("what cannot be compared") {
    const MaskFolders folders("cli_eval_bad");
    folders.add("a", {"0110"}, {"0100"});
    const std::string ref = folders.ref().string(), pred = folders.pred().string();
    const auto failure = [&](std::vector<std::string> more, const std::string& message) {
      more.insert(more.begin(), {"eval", ref, pred, "--quiet"});
      const Ended ended = run_program(more);
      CAPTURE(ended.err);
      CHECK(ended.status == 1);
      CHECK(has(ended.err, message));
    };
    failure({"--metrics", "dize"}, "did you mean 'dice'?");
    failure({"--convention", "monay"}, "did you mean 'monai'?");
    failure({"--spacing", "1"}, "spacing must be 2 or 3 numbers");
    failure({"--labels", "a=x"}, "labels must be values");
    failure({"--confidence", "95"}, "confidence must be above 0 and below 1, got 95");
    failure({"--resamples", "0"}, "resamples must be from 1");
    failure({"--out", (folders.ref() / "a.png" / "x").string()}, "give another --out");
    MaskFolders::draw(folders.ref() / "b.png", {"1"});
    failure({}, "1 references have no prediction in");
    CHECK(run_program({"eval", ref, pred, "--quiet", "--partial"}).status == 0);
    CHECK(has(run_program({"eval"}).err, "tessera eval REF PRED"));
    CHECK(has(run_program({"eval", "--help"}).out, "surface elements between voxels"));
  }
}
