#include "core/terms.h"

#include <cmath>
#include <random>

#include <doctest/doctest.h>

#include "core/error.h"

using namespace tessera;

TEST_SUITE("core/terms") {
  TEST_CASE("sums of terms with factors, variants and arguments") {
    std::vector<Term> terms =
        parse_terms(" 0.5 * dice:monai (1e-3, batch = true) + ce(weight=[1, 2.5,-3]) ", "loss");
    REQUIRE(terms.size() == 2);
    CHECK(terms[0].factor == 0.5);
    CHECK(terms[0].name == "dice");
    CHECK(terms[0].variant == "monai");
    CHECK(terms[0].number("smooth", 1, 0, 1) == 1e-3);
    CHECK(terms[0].flag("batch", false));
    CHECK(terms[0].integer("ignore", -100, -1000, 1000) == -100);
    terms[0].finish();
    CHECK_FALSE(terms[1].factor.has_value());
    CHECK(terms[1].numbers("weight", {}) == std::vector<double>{1, 2.5, -3});
    terms[1].finish();
    CHECK(terms[0].str() == "0.5*dice:monai(0.001,batch=1)");
    CHECK(terms[1].str() == "ce(weight=[1,2.5,-3])");
    CHECK(parse_terms("poly()", "schedule")[0].str() == "poly");
  }

  TEST_CASE("what cannot be read is an error with its place") {
    const auto fails = [](const char* text, const char* message) {
      CHECK_THROWS_WITH_AS(parse_terms(text, "loss"), doctest::Contains(message), Error);
    };
    fails("", "loss: expected a name at character 1 of \"\"");
    fails("dice+", "expected a name at character 6");
    fails("dice ce", "expected '+' or the end at character 6 of \"dice ce\"");
    fails("0.5 dice", "expected '*' and a name after the factor at character 5");
    fails("1e999*dice", "expected a finite number at character 1");
    fails("-*dice", "expected a finite number");
    fails("dice(", "expected a number, true, false or a list at character 6");
    fails("dice(a=)", "expected a number, true, false or a list at character 8");
    fails("dice(a=no)", "expected a number, true, false or a list at character 8");
    fails("dice(a=1", "expected ',' or ')' at character 9");
    fails("dice(a=[1", "expected ',' or ']'");
    fails("dice(a=1,a=2)", "'a' is given twice");
    fails("dice:(1)", "expected the name of a variant at character 6");
    fails("*dice", "expected a name at character 1");
    CHECK_THROWS_WITH_AS(parse_terms(std::string(5000, 'a'), "loss"),
                         doctest::Contains("at most 4096 characters, got 5000"), Error);
  }

  TEST_CASE("any text is read, and written so that it reads the same, or an error") {
    const std::string alphabet = "ab_1.5e-*:+()[]=, \t\xff";
    std::mt19937_64 random(0);
    int read = 0;
    for (int i = 0; i < 20000; ++i) {
      std::string text = i % 2 == 0 ? "" : "0.5*a:b(1,a=[2,3])+b";
      for (uint64_t n = random() % 8 + 1; n > 0; --n) {
        const size_t at = random() % (text.size() + 1);
        const char c = alphabet[random() % alphabet.size()];
        random() % 3 > 0 ? text.insert(at, 1, c) : text.replace(at, 1, 1, c);
      }
      std::string written;
      try {
        for (const Term& term : parse_terms(text, "fuzz"))
          written += (written.empty() ? "" : "+") + term.str();
      } catch (const Error&) {
        continue;
      }
      ++read;
      std::string again;
      for (const Term& term : parse_terms(written, "fuzz"))
        again += (again.empty() ? "" : "+") + term.str();
      CHECK(again == written);
    }
    CHECK(read > 100);
  }

  TEST_CASE("arguments that do not fit are errors") {
    const auto fails = [](const char* text, const char* message, auto read) {
      Term term = parse_terms(text, "loss")[0];
      CHECK_THROWS_WITH_AS(read(term), doctest::Contains(message), Error);
    };
    const auto number = [](Term& term) { term.number("smooth", 1, 0, 2); };
    fails("x + dice(smooth=[1])", "", [](Term& t) { t.fail("place"); });
    fails("dice(smooth=[1])", "'smooth' of 'dice' must be one number at character 1", number);
    fails("dice(smooth=3)", "'smooth' of 'dice' must be in [0, 2], got 3", number);
    fails("dice(-1)", "must be in [0, 2], got -1", number);
    fails("dice(smooth=-1)", "must be >= 0, got -1",
          [](Term& t) { t.number("smooth", 1, 0, HUGE_VAL); });
    fails("dice(n=1.5)", "must be a whole number, got 1.5",
          [](Term& t) { t.integer("n", 1, 0, 9); });
    fails("dice(batch=2)", "must be in [0, 1], got 2", [](Term& t) { t.flag("batch", true); });
    const auto finish = [](Term& term) {
      term.number("smooth", 1, 0, 2);
      term.finish();
    };
    fails("dice(smoth=1)", "'dice' has no argument 'smoth' (did you mean 'smooth'?", finish);
    fails("dice(1, 2)", "'dice' has too many arguments", finish);
    fails("dice(a=1)", "'dice' takes no arguments, got 'a'", [](Term& t) { t.finish(); });
  }
}
