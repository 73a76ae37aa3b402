#include "io/dataset_layout.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "tests/io/temporary_set.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;

namespace {

// Files whose content find_cases does not look at.
void touch(const TemporaryFolder& folder, const std::vector<std::string>& names) {
  for (const std::string& name : names) folder.write(name, "");
}

void check_refused(const TemporaryFolder& folder, const std::string& message) {
  CHECK_THROWS_WITH_AS(find_cases(folder.path()), doctest::Contains(message.c_str()), Error);
}

}  // namespace

TEST_SUITE("io/dataset_layout") {
  TEST_CASE("images and masks of equal stems are cases, in the order of names") {
    const TemporaryFolder folder("layout");
    touch(folder, {"images/b.jpg", "images/a.PNG", "images/a.b.bmp", "images/notes.txt",
                   "images/.hidden.png", "masks/a.png", "masks/b.npy", "masks/a.b.png"});
    const std::vector<Case> cases = find_cases(folder.path());
    REQUIRE(cases.size() == 3);
    CHECK(cases[0].name == "a");
    CHECK(cases[1].name == "a.b");
    CHECK(cases[2].name == "b");
    CHECK(cases[0].image == folder / "images/a.PNG");
    CHECK(cases[2].mask == folder / "masks/b.npy");
    CHECK(cases[0].split.empty());
    CHECK(cases[0].group.empty());
  }

  TEST_CASE("split.csv gives splits and groups") {
    const TemporaryFolder folder("layout");
    touch(folder, {"images/a.png", "images/b.png", "masks/a.png", "masks/b.png"});
    folder.write("split.csv", "stem,split,subject,age\nb,test_far,p2,3\na,train,p1,4\n");
    const std::vector<Case> cases = find_cases(folder.path());
    CHECK(cases[0].split == "train");
    CHECK(cases[0].group == "p1");
    CHECK(cases[1].split == "test_far");
    CHECK(cases[1].group == "p2");

    folder.write("split.csv", "stem,split\na,train\n");
    check_refused(folder, "split.csv has no row for");
    folder.write("split.csv", "stem,split\na,train\nb,val\nc,val\n");
    check_refused(folder, "split.csv:4 names \"c\", but there is no image of that name");
    folder.write("split.csv", "stem,split\na,train\na,val\nb,val\n");
    check_refused(folder, "split.csv:3 names \"a\" a second time");
    folder.write("split.csv", "stem,split\na,train\nb,\n");
    check_refused(folder, "split.csv:3 gives \"b\" no split");
    folder.write("split.csv", "name,split\na,train\n");
    check_refused(folder, "split.csv");
    folder.write("split.csv", "stem,age\na,3\nb,4\n");
    check_refused(folder, "split.csv");

    folder.write("split.csv", "stem,patient\na,p1\nb,p2\n");
    const std::vector<Case> grouped = find_cases(folder.path());
    CHECK(grouped[1].group == "p2");
    CHECK(grouped[1].split.empty());
  }

  TEST_CASE("what does not fit together is an error that says what to do") {
    const TemporaryFolder folder("layout");
    CHECK_THROWS_WITH_AS(find_cases(folder / "nowhere"),
                         doctest::Contains("nowhere does not exist"), Error);
    check_refused(folder, "must have images/ and masks/, or data/, label/ and train_label.json");
    touch(folder, {"file"});
    CHECK_THROWS_WITH_AS(find_cases(folder / "file"), doctest::Contains("is not a folder"), Error);
    touch(folder, {"images/readme.txt"});
    check_refused(folder, "has images/ but no masks/ beside it");
    touch(folder, {"masks/a.png"});
    check_refused(folder,
                  "has no pictures (.png, .jpg, .bmp, .pgm, .ppm, .npy) and no volumes, only files "
                  "such as readme.txt");
    touch(folder, {"images/a.png", "images/b.png"});
    check_refused(folder, "b.png has no mask; add one called");
    touch(folder, {"masks/b.png", "masks/c.png"});
    check_refused(folder, "c.png has no image; add one or remove the mask");
    touch(folder, {"images/c.png", "images/c.jpg"});
    check_refused(folder, "have the same name; rename or remove one");
  }

  TEST_CASE("channels of an image lie in several files") {
    const TemporaryFolder folder("layout");
    touch(folder, {"images/a_T1.nii.gz", "images/a_FLAIR.nii.gz", "images/b_c_T1.nii",
                   "images/b_c_FLAIR.nii", "masks/a.nii.gz", "masks/b_c.nii"});
    const std::vector<Case> cases = find_cases(folder.path());
    REQUIRE(cases.size() == 2);
    CHECK(cases[0].name == "a");
    CHECK(cases[0].image == folder / "images/a_FLAIR.nii.gz");
    CHECK(cases[0].further == std::vector<std::filesystem::path>{folder / "images/a_T1.nii.gz"});
    CHECK(cases[1].name == "b_c");
    touch(folder, {"images/d_T1.nii", "masks/d.nii"});
    check_refused(folder, "d has the channels T1, but other cases have FLAIR, T1");
    // Beside an image of its own stem, one with more behind it is an image of its own.
    touch(folder, {"images/d.nii"});
    check_refused(folder, "d_T1.nii has no mask");
  }

  TEST_CASE("nnU-Net's folders are found") {
    const TemporaryFolder folder("Dataset001_Test");
    touch(folder, {"imagesTr/p1_0000.png", "imagesTr/p1_0001.png", "imagesTr/p2_0000.png",
                   "imagesTr/p2_0001.png", "labelsTr/p1.png", "labelsTr/p2.png",
                   "imagesTs/p3_0000.png", "imagesTs/p3_0001.png"});
    std::vector<Case> cases = find_cases(folder.path());
    REQUIRE(cases.size() == 2);
    CHECK(cases[1].name == "p2");
    CHECK(cases[1].split == "train");
    CHECK(cases[1].image == folder / "imagesTr/p2_0000.png");
    REQUIRE(cases[1].further.size() == 1);
    touch(folder, {"labelsTs/p3.png"});
    cases = find_cases(folder.path());
    REQUIRE(cases.size() == 3);
    CHECK(cases[2].split == "test");
    folder.write("split.csv", "stem,patient\np1,a\np2,a\np3,b\n");
    CHECK(find_cases(folder.path())[1].group == "a");
    CHECK(find_cases(folder.path())[1].split == "train");
  }

  TEST_CASE("all mistakes are found, and what is right beside them") {
    const TemporaryFolder folder("layout");
    touch(folder, {"images/a.png", "images/a.jpg", "images/b.png", "images/d.png", "masks/a.png",
                   "masks/c.png", "masks/d.png"});
    folder.write("split.csv", "stem,split\na,train\nz,val\n");
    const DatasetLayout layout = find_layout(folder.path());
    CHECK(layout.cases.size() == 2);
    std::vector<Mistake::Kind> kinds;
    for (const Mistake& mistake : layout.mistakes) kinds.push_back(mistake.kind);
    using enum Mistake::Kind;
    CHECK(kinds == std::vector<Mistake::Kind>{collision, unpaired, unpaired, split, split});
  }

  TEST_CASE("stems are names without what says the format") {
    CHECK(stem_of("x/a.b.nii.gz") == "a.b");
    CHECK(stem_of("a.nii") == "a");
    CHECK(stem_of("a.b.png") == "a.b");
    CHECK(stem_of("a.gz") == "a");
  }

  TEST_CASE("JMedSeg's lists name masks by patient") {
    const TemporaryFolder folder("layout");
    touch(folder, {"data/a.jpg", "data/b.jpg", "data/c.png", "data/unused.jpg", "label/a.npy",
                   "label/b.npy", "label/c.npy"});
    folder.write("train_label.json",
                 R"({"p1": {"s1": {"list": ["b.npy", "Thumbs.db"]}, "s2": {"list": ["a.npy"]}}})");
    folder.write("test_label.json", R"({"p2": {"s1": {"list": ["c.npy"]}}, "p3": {}})");
    const std::vector<Case> cases = find_cases(folder.path());
    REQUIRE(cases.size() == 3);
    CHECK(cases[0].name == "a");
    CHECK(cases[0].image == folder / "data/a.jpg");
    CHECK(cases[0].mask == folder / "label/a.npy");
    CHECK(cases[0].group == "p1");
    CHECK(cases[0].split == "train");
    CHECK(cases[2].group == "p2");
    CHECK(cases[2].split == "test");
  }

  TEST_CASE("wrong lists are errors that name them") {
    const TemporaryFolder folder("layout");
    touch(folder, {"data/a.jpg", "label/a.npy", "label/b.npy"});
    const std::pair<const char*, const char*> lists[] = {
        {R"({"p": {"s": {"list": ["x.npy"]}}})", "x.npy, which does not exist"},
        {R"({"p": {"s": {"list": ["b.npy"]}}})", "b.npy has no image called b in"},
        {R"({"p": {"s": {"list": ["a.npy", "a.npy"]}}})", "names a.npy a second time"},
        {R"({"p": {"s": {"list": ["../label/a.npy"]}}})", "must be the name of a file in label/"},
        {R"({"p": {"s": {"list": "a.npy"}}})", "list"},
        {R"({"p": {"s": {}}})", "list"},
        {R"({"p": ["a.npy"]})", "patient \"p\" must be an object, got array"},
        {R"(["a.npy"])", "the whole must be an object, got array"},
        {R"({"p": )", "train_label.json"},
    };
    for (const auto& one : lists) {
      folder.write("train_label.json", one.first);
      CAPTURE(one.first);
      check_refused(folder, one.second);
    }
  }

  TEST_CASE("damaged lists never crash") {
    const TemporaryFolder folder("layout");
    touch(folder, {"data/a.jpg", "label/a.npy", "images/a.png", "masks/a.png"});
    const auto damage = [&](const char* file, const std::string& good) {
      for (size_t at = 0; at < good.size(); ++at) {
        for (const char c : {'\0', '"', '{', ',', '\n', '/', '9', '\xff'}) {
          std::string bad = good;
          bad[at] = c;
          for (const std::string& text : {bad, good.substr(0, at), good.substr(at)}) {
            folder.write(file, text);
            try {
              find_cases(folder.path());
            } catch (const Error& error) {
              CHECK(std::string(error.what()).find(folder.path().string()) != std::string::npos);
            }
          }
        }
      }
    };
    damage("split.csv", "stem,split,group\na,train,\"p1\"\n");
    for (const char* name : {"images", "masks"}) std::filesystem::remove_all(folder / name);
    damage("train_label.json", R"({"p": {"s": {"list": ["a.npy"], "annotated": ["x"]}}})");
  }
}
