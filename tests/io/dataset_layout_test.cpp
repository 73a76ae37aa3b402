#include "io/dataset_layout.h"

#include <map>
#include <set>

#include <doctest/doctest.h>
#include <fmt/format.h>

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
                  "has no pictures (.png, .jpg, .bmp, .pgm, .ppm, .npy), only files such as "
                  "readme.txt");
    touch(folder, {"images/a.png", "images/b.png"});
    check_refused(folder, "b.png has no mask; add one called");
    touch(folder, {"masks/b.png", "masks/c.png"});
    check_refused(folder, "c.png has no image; add one or remove the mask");
    touch(folder, {"images/c.png", "images/c.jpg"});
    check_refused(folder, "have the same name; rename or remove one");
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
    damage("train_label.json", R"({"p": {"s": {"list": ["a.npy"]}}})");
  }

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
}
