#include "io/terminal.h"

#include <unistd.h>

#include <cmath>
#include <cstdlib>

#include <doctest/doctest.h>

using namespace tessera::io;

namespace {

// Sets an environment variable for the current scope.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* old = std::getenv(name)) old_ = old;
    ::setenv(name, value, 1);
  }
  ~Variable() { ::setenv(name_, old_.c_str(), 1); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::string old_;
};

}  // namespace

TEST_SUITE("io/terminal") {
  TEST_CASE("width of texts") {
    CHECK(text_width("") == 0);
    CHECK(text_width("Dice") == 4);
    CHECK(text_width("Größe") == 5);
    CHECK(text_width("e\u0301") == 1);  // a combining accent
    CHECK(text_width("脑部") == 4);     // wide characters
    CHECK(text_width("🧠 ok") == 5);
    CHECK(text_width("█▌") == 2);
    CHECK(text_width("\xFF\xC3") == 2);      // bytes that are not UTF-8
    CHECK(text_width("\xE0\x80\x80") == 3);  // an overlong form
  }

  TEST_CASE("one line without control characters") {
    CHECK(one_line("a\nb\tc\rd") == "a b c d");
    CHECK(one_line("\x1b[2Jx\x7f\xC2\x9B") == "?[2Jx??");
    CHECK(one_line("é脑\xFF") == "é脑?");
    CHECK(one_line("\u202Egnp.exe") == "?gnp.exe");
  }

  TEST_CASE("shortening") {
    CHECK(shorten("brain", 5) == "brain");
    CHECK(shorten("brains", 5) == "brai…");
    CHECK(shorten("brains", 5, false) == "br...");
    CHECK(shorten("脑部图像", 6) == "脑部…");
    CHECK(shorten("brain", 1) == "…");
    CHECK(shorten("brain", 0) == "");
    CHECK(shorten("brain", -3) == "");
    CHECK(shorten("brain", 2, false) == "..");
  }

  TEST_CASE("durations") {
    CHECK(duration_text(0) == "0 ms");
    CHECK(duration_text(0.8504) == "850 ms");
    CHECK(duration_text(0.9999) == "1.0 s");
    CHECK(duration_text(4.24) == "4.2 s");
    CHECK(duration_text(9.96) == "10 s");
    CHECK(duration_text(59.7) == "1 min 0 s");
    CHECK(duration_text(3599.9) == "1 h 0 min");
    CHECK(duration_text(183600) == "2 d 3 h");
    CHECK(clock_text(0) == "0:00");
    CHECK(clock_text(185) == "3:05");
    CHECK(clock_text(3723) == "1:02:03");
    CHECK(clock_text(183845) == "2 d 03:04:05");
    for (const double bad : {double{NAN}, double{INFINITY}, -1.0, 1e300}) {
      CHECK(duration_text(bad) == "?");
      CHECK(clock_text(bad) == "?");
    }
  }

  TEST_CASE("what the environment says") {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const Variable no_color("NO_COLOR", ""), force("FORCE_COLOR", ""), cli("CLICOLOR_FORCE", "");
    const Variable columns("COLUMNS", "44"), all("LC_ALL", "de_DE.UTF-8");
    CHECK_FALSE(terminal(ends[1]).redraw);
    CHECK_FALSE(terminal(ends[1]).color);
    CHECK(terminal(ends[1]).unicode);
    CHECK(terminal(ends[1]).width == 44);
    {
      const Variable forced("FORCE_COLOR", "1"), c("LC_ALL", "C"), wrong("COLUMNS", "-3");
      CHECK(terminal(ends[1]).color);
      CHECK_FALSE(terminal(ends[1]).unicode);
      CHECK(terminal(ends[1]).width == 80);
    }
    ::close(ends[0]);
    ::close(ends[1]);
  }
}
