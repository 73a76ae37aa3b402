#include "io/progress.h"

#include <cmath>
#include <sstream>
#include <stdexcept>

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;
using io::Progress;

namespace {

// A stream to look at and a clock to turn.
struct Stage {
  double now = 100;
  std::ostringstream out;

  io::ProgressOptions options(const io::Terminal& terminal) {
    io::ProgressOptions o;
    o.stream = &out;
    o.terminal = terminal;
    o.clock = [this] { return now; };
    return o;
  }

  // What was written since the last call.
  std::string take() {
    std::string text = out.str();
    out.str("");
    return text;
  }
};

constexpr io::Terminal kWide{true, false, true, 80}, kAscii{true, false, false, 60};
constexpr io::Terminal kFile{false, false, false, 80};

}  // namespace

TEST_SUITE("io/progress") {
  TEST_CASE("a bar from begin to end") {
    Stage stage;
    Progress bar("epoch 3/20", 40, stage.options(kWide));
    CHECK(stage.take() == "\repoch 3/20                             0/40  0:00\x1b[K");
    bar.note("loss 0.312");
    stage.now += 2;
    bar.advance(10);
    CHECK(stage.take() ==
          "\repoch 3/20  ██████                    10/40  5.0/s  0:06 left  loss 0.312\x1b[K");
    stage.now += 2;
    bar.advance(9);
    CHECK(bar.elapsed() == 4);
    CHECK(stage.take() ==
          "\repoch 3/20  ███████████▍              19/40  4.7/s  0:04 left  loss 0.312\x1b[K");
    stage.now += 4;
    bar.advance(21);
    bar.finish();
    CHECK(bar.done() == 40);
    const std::string end = stage.take();
    const std::string line =
        "\repoch 3/20  ████████████████████████  40/40  5.0/s  0:08  loss 0.312\x1b[K";
    CHECK(end == line + line + "\n");
    bar.advance();
    bar.finish();
    CHECK(stage.take() == "");
  }

  TEST_CASE("at most ten drawings a second, and none without a change") {
    Stage stage;
    Progress bar("", 100'000, stage.options(kAscii));
    stage.take();
    int drawings = 0;
    for (int i = 0; i < 10'000; ++i) {
      stage.now += 1e-3;
      bar.advance();
      drawings += stage.take().empty() ? 0 : 1;
    }
    CHECK(drawings <= 100);
    CHECK(drawings >= 90);
    CHECK(std::abs(bar.rate() - 1000) < 1);
    CHECK(std::abs(bar.remaining() - 90) < 1);
  }

  TEST_CASE("the speed follows the last half minute") {
    Stage stage;
    Progress bar("", 1'000, stage.options(kFile));
    for (int i = 0; i < 60; ++i) stage.now += 1, bar.advance(1);
    CHECK(std::abs(bar.rate() - 1) < 1e-9);
    for (int i = 0; i < 60; ++i) stage.now += 1, bar.advance(10);
    CHECK(bar.rate() > 9.5);
    CHECK(bar.rate() < 10);
  }

  TEST_CASE("lines fit the terminal, down to a few columns") {
    for (int width = 1; width <= 100; ++width) {
      Stage stage;
      Progress bar("a long title, 脑部", 1000, stage.options({true, false, width % 2 == 0, width}));
      bar.note("loss 0.31 Dice 0.9 and a long name of some file.nii.gz");
      stage.now += 5;
      bar.advance(400);
      std::string text = stage.take();
      text = text.substr(text.rfind('\r') + 1);
      CHECK(io::text_width(text.substr(0, text.rfind("\x1b[K"))) <= std::max(width - 1, 1));
      bar.clear();
    }
  }

  TEST_CASE("plain characters, colours, unknown totals, slow steps") {
    Stage stage;
    {
      Progress bar("read", 4, stage.options(kAscii));
      stage.take();
      stage.now += 10;
      bar.advance();
      CHECK(stage.take() == "\rread  [####...............]  1/4  10 s each  0:30 left\x1b[K");
      bar.clear();
      CHECK(stage.take() == "\r\x1b[K");
    }
    {
      io::ProgressOptions options = stage.options({true, true, false, 60});
      options.unit = "images";
      Progress bar("read", 0, options);
      stage.now += 10;
      bar.advance(35);
      CHECK(stage.take() ==
            "\rread  0 images  0:00\x1b[K\rread  35 images  3.5 images/s  0:10\x1b[K");
    }
    stage.take();
    Progress bar("", 8, stage.options({true, true, true, 80}));
    CHECK(stage.take() == "\r\x1b[36m                        \x1b[0m  0/8  0:00\x1b[K");
  }

  TEST_CASE("lines above the bar") {
    Stage stage;
    Progress bar("x", 2, stage.options(kAscii));
    stage.take();
    bar.print("saved");
    CHECK(stage.take() == "\r\x1b[Ksaved\n\rx  [......................]  0/2  0:00\x1b[K");
    bar.finish();
    stage.take();
    bar.print("done");
    CHECK(stage.take() == "done\n");
  }

  TEST_CASE("without a terminal: a line now and then, and one at the end") {
    Stage stage;
    {
      Progress bar("train", 200, stage.options(kFile));
      bar.note("loss 0.5");
      for (int i = 0; i < 100; ++i) stage.now += 1, bar.advance();
    }
    CHECK(stage.take() ==
          "train  30/200 (15 %)  1.0/s  2:50 left  loss 0.5\n"
          "train  60/200 (30 %)  1.0/s  2:20 left  loss 0.5\n"
          "train  90/200 (45 %)  1.0/s  1:50 left  loss 0.5\n"
          "train  100/200 (50 %)  1.0/s  1:40  loss 0.5\n");
  }

  TEST_CASE("quiet is quiet") {
    for (const io::Terminal& terminal : {kWide, kFile}) {
      Stage stage;
      io::ProgressOptions options = stage.options(terminal);
      options.quiet = true;
      {
        Progress bar("train", 2, options);
        stage.now += 100;
        bar.advance();
        bar.print("x");
        bar.finish();
      }
      CHECK(stage.take() == "");
    }
  }

  TEST_CASE("an exception removes the bar") {
    Stage stage;
    try {
      const Progress bar("x", 2, stage.options(kAscii));
      stage.take();
      throw std::runtime_error("");
    } catch (const std::runtime_error&) {
    }
    CHECK(stage.take() == "\r\x1b[K");
  }

  TEST_CASE("nothing to do, and a wrong total") {
    Stage stage;
    Progress("x", 0, stage.options(kFile)).finish();
    CHECK(stage.take() == "x  0  0:00\n");
    CHECK_THROWS_WITH_AS(Progress("x", -1, stage.options(kFile)),
                         "Progress: total must be at least 0, got -1", Error);
  }
}
