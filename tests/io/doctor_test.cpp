// Each check of the table on a set that is broken in its way: found, repaired, and then clean.

#include "io/doctor.h"

#include <algorithm>
#include <functional>
#include <limits>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include "core/error.h"
#include "io/csv.h"
#include "io/dataset.h"
#include "io/json_file.h"
#include "io/npy.h"
#include "io/palette.h"
#include "io/png.h"
#include "ops/unary.h"
#include "tests/io/temporary_set.h"

using namespace tessera;
using namespace tessera::io;
using namespace tessera::testing;
namespace fs = std::filesystem;

namespace {

constexpr DoctorOptions kQuiet = {.quiet = true};

// A class for each third of 24x18 pixels, shifted by `shift` rows.
LabelMap thirds(int64_t shift) {
  LabelMap map(24, 18);
  for (int64_t h = 0; h < 24; ++h)
    for (int64_t w = 0; w < 18; ++w) map.at(h, w) = static_cast<int32_t>((h + shift) / 8 % 3);
  return map;
}

// Six cases in split.csv: a to d for training, e for validation, f for testing.
void add_good_cases(const TemporaryFolder& folder) {
  std::string rows = "stem,split,patient,note\n";
  for (int i = 0; i < 6; ++i) {
    const std::string name(1, static_cast<char>('a' + i));
    add_case(folder, name, thirds(i));
    rows += fmt::format("{},{},p{},\"x, {}\"\n", name,
                        i < 4    ? "train"
                        : i == 4 ? "val"
                                 : "test",
                        i, i);
  }
  folder.write("split.csv", rows);
  folder.write("readme.txt", "stays");
}

Picture colours_of(const LabelMap& map, std::vector<Rgb> colours) {
  Picture picture{.height = map.height, .width = map.width, .channels = 3};
  for (const int32_t label : map.labels) {
    const Rgb c = colours[static_cast<size_t>(label)];
    picture.samples.insert(picture.samples.end(), {c.r, c.g, c.b});
  }
  return picture;
}

LabelMap mapped(LabelMap map, const std::vector<int32_t>& values) {
  for (int32_t& label : map.labels) label = values[static_cast<size_t>(label)];
  return map;
}

bool found(const Diagnosis& diagnosis, const std::string& check, const std::string& file) {
  return std::any_of(diagnosis.findings.begin(), diagnosis.findings.end(), [&](const Finding& one) {
    return one.check == check && one.file.filename() == file && !one.note && !one.remedy.empty();
  });
}

std::string text_of(const Diagnosis& diagnosis) {
  std::string text;
  for (const Finding& one : diagnosis.findings)
    text +=
        fmt::format("{}: {}: {} -> {}\n", one.check, one.file.string(), one.problem, one.remedy);
  return text;
}

struct Broken {
  const char* check;
  const char* file;                                      // that is found
  size_t left;                                           // cases of the copy
  std::function<void(const TemporaryFolder&)> make;      // breaks the good set
  std::function<void(const Dataset&)> verify = nullptr;  // looks at the copy
};

void write_labels_of_all(const TemporaryFolder& f, const std::function<LabelMap(int)>& map) {
  for (int i = 0; i < 6; ++i)
    write_png(map(i), f / fmt::format("masks/{}.png", static_cast<char>('a' + i)));
}

void check_thirds(const Dataset& set) {
  for (size_t i = 0; i < set.cases.size(); ++i) {
    const auto shift = set.cases[i].name[0] - 'a';
    CHECK(read_mask(set, set.cases[i]) == thirds(shift));
  }
}

// Doctors the set and checks that the copy is complete and the original as it was.
void check_broken(const Broken& broken) {
  CAPTURE(broken.check);
  CAPTURE(broken.file);
  const TemporaryFolder folder("doctor_set"), out("doctor_out");
  fs::remove_all(out.path());
  add_good_cases(folder);
  broken.make(folder);
  const auto before = fs::last_write_time(folder / "masks");
  const Treatment treatment = repair(folder.path(), out.path(), kQuiet);
  CAPTURE(text_of(treatment.before));
  CAPTURE(text_of(treatment.after));
  CHECK(found(treatment.before, broken.check, broken.file));
  CHECK(treatment.after.clean());
  CHECK(treatment.after.cases == static_cast<int64_t>(broken.left));
  CHECK(fs::last_write_time(folder / "masks") == before);
  CHECK(fs::exists(out / "readme.txt"));
  CHECK(read_csv(out / "doctor.csv").rows.size() == treatment.before.findings.size());
  const Dataset set = open_dataset(out.path());
  CHECK(set.cases.size() == broken.left);
  if (broken.verify) broken.verify(set);
}

}  // namespace

TEST_SUITE("io/doctor") {
  TEST_CASE("a good set is clean, and its copy is the same") {
    const TemporaryFolder folder("doctor_set"), out("doctor_out");
    fs::remove_all(out.path());
    add_good_cases(folder);
    const Diagnosis diagnosis = diagnose(folder.path(), kQuiet);
    CHECK(diagnosis.clean());
    CHECK(diagnosis.cases == 6);
    CHECK(diagnosis.findings.empty());
    CHECK(repair(folder.path(), out.path(), kQuiet).after.clean());
    CHECK(open_dataset(out.path()).split("train").size() == 4);
    CHECK(read_csv(out / "split.csv").columns.size() == 4);
    CHECK_THROWS_WITH_AS(repair(folder.path(), out.path(), kQuiet),
                         doctest::Contains("is there already"), Error);
    CHECK_THROWS_WITH_AS(repair(folder.path(), folder / "mended", kQuiet),
                         doctest::Contains("which is never changed"), Error);
    CHECK_THROWS_WITH_AS(diagnose(folder / "none", kQuiet), doctest::Contains("does not exist"),
                         Error);
    CHECK(doctor_checks().size() == 18);
  }

  TEST_CASE("files that do not fit together") {
    const std::vector<Broken> sets = {
        {"names", "a.png", 6,
         [](const auto& f) { write_pnm(picture_of(thirds(0)), f / "images/a.pgm"); }},
        {"names", "a.png", 5,
         [](const auto& f) { write_pnm(picture_of(thirds(7)), f / "images/a.pgm"); }},
        {"pairs", "b.png", 5, [](const auto& f) { fs::remove(f / "masks/b.png"); }},
        {"pairs", "c.png", 5, [](const auto& f) { fs::remove(f / "images/c.png"); }},
        {"pairs", "d_mask.png", 6,
         [](const auto& f) {
           for (const char* name : {"b", "d", "e"})
             fs::rename(f / fmt::format("masks/{}.png", name),
                        f / fmt::format("masks/{}_mask.png", name));
         },
         [](const Dataset& set) {
           check_thirds(set);
           CHECK(set.split("val")[0].name == "e");
           CHECK(set.cases[1].group == "p1");
         }},
        {"unreadable", "b.png", 5,
         [](const auto& f) { f.write("images/b.png", "\x89PNG damaged"); }},
        {"unreadable", "b.png", 5, [](const auto& f) { f.write("masks/b.png", ""); }},
        {"size", "b.png", 6,
         [](const auto& f) {
           LabelMap twice(48, 36);
           for (int64_t h = 0; h < 48; ++h)
             for (int64_t w = 0; w < 36; ++w) twice.at(h, w) = thirds(1).at(h / 2, w / 2);
           write_png(twice, f / "masks/b.png");
         },
         check_thirds},
        {"size", "b.png", 5,
         [](const auto& f) { write_png(LabelMap(18, 24, 1), f / "masks/b.png"); }},
        {"lists", "split.csv", 6,
         [](const auto& f) {
           f.write("split.csv", "stem,split\na,train\na,val\nb,train\nc,\ne,val\nf,test\nz,val\n");
         },
         [](const Dataset& set) { CHECK(set.split("train").size() == 4); }},
    };
    for (const Broken& broken : sets) check_broken(broken);
  }

  TEST_CASE("masks that store something else than classes") {
    const auto coloured = [](const TemporaryFolder& f, std::vector<Rgb> colours) {
      for (int i = 0; i < 6; ++i)
        f.write(fmt::format("masks/{}.png", static_cast<char>('a' + i)),
                encode_png(colours_of(thirds(i), colours)));
    };
    const std::vector<Broken> sets = {
        {"mask values", "a.png", 6,
         [](const auto& f) {
           write_labels_of_all(f, [](int i) { return mapped(thirds(i), {0, 255, 0}); });
         },
         [](const Dataset& set) {
           CHECK(read_mask(set, set.cases[2]) == mapped(thirds(2), {0, 1, 0}));
         }},
        {"mask values", "b.png", 6,
         [](const auto& f) {
           write_labels_of_all(f, [](int i) {
             return mapped(thirds(i), {0, i % 2 == 0 ? 1 : 255, 0});
           });
         },
         [](const Dataset& set) {
           CHECK(read_mask(set, set.cases[1]) == mapped(thirds(1), {0, 1, 0}));
         }},
        {"mask values", "f.png", 6,
         [](const auto& f) {
           write_labels_of_all(f, [](int i) { return mapped(thirds(i), {0, 7, 20}); });
         },
         check_thirds},
        {"mask values", "a.npy", 6,
         [](const auto& f) {
           fs::remove(f / "masks/a.png");
           save_npy(tensor<int32_t>(mapped(thirds(0), {-1, 1, 2}).labels, {24, 18}),
                    f / "masks/a.npy");
         },
         check_thirds},
        {"labels", "labels.json", 6,
         [](const auto& f) { f.write("labels.json", R"(["air", "head"])"); },
         [](const Dataset& set) {
           CHECK(set.labels == std::vector<std::string>{"air", "head", "class_2"});
         }},
        {"labels", "labels.json", 6, [](const auto& f) { f.write("labels.json", "{\"air\": "); }},
        {"coloured mask", "a.png", 6,
         [&](const auto& f) {
           coloured(f, {{0, 0, 0}, {0, 0, 255}, {255, 0, 0}});
         },
         [](const Dataset& set) {
           check_thirds(set);
           CHECK(set.labels == std::vector<std::string>{"background", "#0000ff", "#ff0000"});
         }},
        {"coloured mask", "a.png", 6,
         [&](const auto& f) {
           coloured(f, {class_color(0), class_color(1), class_color(2)});
           f.write("labels.json", R"(["air", "head", "brain"])");
         },
         [](const Dataset& set) {
           check_thirds(set);
           CHECK(set.labels[2] == "brain");
         }},
        {"coloured mask", "c.png", 6,
         [](const auto& f) {
           write_labels_of_all(f, [](int i) { return thirds(i); });
           const std::vector<uint8_t> palette = {0, 0, 0, 9, 9, 9, 200, 0, 0};
           const std::vector<uint8_t> other = {0, 0, 0, 200, 0, 0, 9, 9, 9};
           for (int i = 0; i < 6; ++i) {
             const LabelMap map = i == 2 ? mapped(thirds(i), {0, 2, 1}) : thirds(i);
             write_png(map, f / fmt::format("masks/{}.png", static_cast<char>('a' + i)),
                       i == 2 ? other : palette);
           }
         },
         check_thirds},
        {"float mask", "a.npy", 6,
         [](const auto& f) {
           fs::remove(f / "masks/a.png");
           save_npy(cast(tensor<int32_t>(thirds(0).labels, {24, 18}), f32), f / "masks/a.npy");
         },
         check_thirds},
        {"float mask", "a.npy", 6,
         [](const auto& f) {
           for (int i = 0; i < 6; ++i) {
             const std::string name(1, static_cast<char>('a' + i));
             fs::remove(f / fmt::format("masks/{}.png", name));
             std::vector<float> values;
             for (const int32_t label : thirds(i).labels)
               values.push_back(static_cast<float>(label) / 2);
             save_npy(tensor<float>(values, {24, 18}), f / fmt::format("masks/{}.npy", name));
           }
         },
         check_thirds},
        {"float mask", "a.npy", 6,
         [](const auto& f) {
           fs::remove(f / "masks/a.png");
           std::vector<float> values;
           for (size_t i = 0; i < 24 * 18; ++i) values.push_back(static_cast<float>(i) / 432);
           save_npy(tensor<float>(values, {24, 18}), f / "masks/a.npy");
         },
         [](const Dataset& set) { CHECK(set.cases[0].pixels[1] == 216); }},
        {"lossy mask", "a.png", 6,
         [](const auto& f) {
           write_labels_of_all(f, [](int i) {
             const LabelMap sharp = mapped(thirds(i), {0, 100, 200});
             LabelMap map = sharp;  // each second pixel at an edge as resizing makes it
             for (int64_t h = 1; h < 24; ++h)
               for (int64_t w = 0; w < 18; w += 2)
                 if (sharp.at(h, w) != sharp.at(h - 1, w))
                   map.at(h, w) += static_cast<int32_t>(sharp.at(h, w) == 200 ? -w - 1 : w + 1);
             return map;
           });
         },
         check_thirds},
    };
    for (const Broken& broken : sets) check_broken(broken);
  }

  TEST_CASE("images without use, and pictures and patients in two splits") {
    const std::vector<Broken> sets = {
        {"values", "b.png", 5,
         [](const auto& f) { write_png(Image(1, 24, 18, 0.5F), f / "images/b.png"); }},
        {"values", "b.npy", 6,
         [](const auto& f) {
           fs::remove(f / "images/b.png");
           Image image = picture_of(thirds(1));
           image.pixels[7] = std::numeric_limits<float>::quiet_NaN();
           image.pixels[9] = std::numeric_limits<float>::infinity();
           save_npy(tensor<float>(image.pixels, {24, 18}), f / "images/b.npy");
         },
         [](const Dataset& set) {
           const Image image = read_image(set, set.cases[1]);
           CHECK(image.pixels[7] == 0);
           CHECK(image.pixels[9] == doctest::Approx(2.0 / 255));
         }},
        // The same pixels in another format: the one for testing stays.
        {"duplicates", "a.png", 5,
         [](const auto& f) {
           fs::remove(f / "images/f.png");
           write_pnm(picture_of(thirds(0)), f / "images/f.pgm");
         },
         [](const Dataset& set) { CHECK(set.split("test").size() == 1); }},
        {"duplicates", "b.png", 5,
         [](const auto& f) {
           fs::remove(f / "split.csv");
           write_png(picture_of(thirds(0)), f / "images/b.png");
         }},
        {"patients", "e.png", 6,
         [](const auto& f) {
           f.write("split.csv",
                   "stem,split,patient\na,train,p\nb,train,q\nc,train,r\nd,train,s\ne,val,p\nf,"
                   "test,t\n");
           f.write(
               "split.csv",
               "stem,split,patient\na,train,p\nb,train,p\nc,train,r\nd,val,s\ne,val,p\nf,test,t\n");
         },
         [](const Dataset& set) {
           CHECK(set.split("train").size() == 4);
           CHECK(set.split("val").size() == 1);
         }},
    };
    for (const Broken& broken : sets) check_broken(broken);
  }

  TEST_CASE("what needs no repair is a note") {
    const TemporaryFolder folder("doctor_set");
    add_good_cases(folder);
    write_png(picture_of(thirds(0)), folder / "images/b.png");
    write_png(LabelMap(24, 18), folder / "masks/c.png");
    folder.write("labels.json", R"(["a", "b", "c", "d"])");
    const Diagnosis diagnosis = diagnose(folder.path(), kQuiet);
    CHECK(diagnosis.clean());
    CHECK(diagnosis.findings.size() == 3);
  }

  TEST_CASE("lists that cannot be read are told, not thrown") {
    const TemporaryFolder folder("doctor_set"), out("doctor_out");
    fs::remove_all(out.path());
    add_good_cases(folder);
    folder.write("split.csv", "stem,split\n\"a");
    const Diagnosis diagnosis = diagnose(folder.path(), kQuiet);
    CHECK(!diagnosis.clean());
    CHECK(diagnosis.findings[0].check == "layout");
    CHECK_THROWS_WITH_AS(repair(folder.path(), out.path(), kQuiet),
                         doctest::Contains("cannot be repaired"), Error);
    CHECK(!fs::exists(out.path()));
  }
}
