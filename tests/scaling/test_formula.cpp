#include "halfulp/scaling/formula.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <cmath>

#include "halfulp/scaling/fit.hpp"
#include "halfulp/scaling/law.hpp"

using Catch::Matchers::ContainsSubstring;

namespace {

/// The value of a formula of x with one parameter p.
double value(const std::string& text, double x, double p = 1) {
    halfulp::run_table table;
    table.numbers["x"] = {x};
    table.loss = {1};
    const halfulp::fit_problem problem(halfulp::make_law("test", text + " + 0 * p * x", {"x"}), table, {});
    return problem.predict(std::vector{p})[0];
}

void refuses(const std::string& text, const std::string& part) {
    CHECK_THROWS_WITH(halfulp::formula(text), ContainsSubstring(part) && ContainsSubstring("allowed: "));
}

}  // namespace

TEST_CASE("a formula means what its signs mean") {
    CHECK(value("1 + 2 * 3", 0) == 7);
    CHECK(value("(1 + 2) * 3", 0) == 9);
    CHECK(value("10 - 3 - 2", 0) == 5);
    CHECK(value("16 / 4 / 2", 0) == 2);
    CHECK(value("2 ^ 3 ^ 2", 0) == 512);
    CHECK(value("-2 ^ 2", 0) == -4);
    CHECK(value("2 ^ -1", 0) == 0.5);
    CHECK(value("- - 3", 0) == 3);
    CHECK(value("1.5e1 + .5", 0) == 15.5);
    CHECK(value("x^2", -3) == 9);
    CHECK(value("(x - 5)^3", 3) == -8);
    CHECK(value("sqrt(x)", 16) == 4);
    CHECK(std::abs(value("log2(x)", 32) - 5) < 1e-15);
    CHECK(std::abs(value("tanh(x)", 0.3) - std::tanh(0.3)) < 1e-16);
    CHECK(std::abs(value("exp(log(x))", 3.7) - 3.7) < 1e-15);
    CHECK(std::abs(value("1 / (1 + x)^p", 2, 3) - 1.0 / 27) < 1e-17);
    CHECK(std::abs(value("p / x^p", 2, 3) - 3.0 / 8) < 3e-16);
}

TEST_CASE("a formula that cannot be read is refused with its place") {
    refuses("", "at place 1 stands the end");
    refuses("E + ", "at place 5");
    refuses("E + )", "at place 5 stands ')'");
    refuses("(E", "')'");
    refuses("E A", "at place 3 stands 'A'");
    refuses("E ** 2", "a power is '^'");
    refuses("exp", "'(' after the name of a function");
    refuses("sin(x)", "the functions are exp, log, log2, sqrt, tanh");
    refuses("eff[", "the name of a label column");
    refuses("eff[format", "']'");
    refuses("E + ä", "at place 5");
    refuses(std::string(5000, '('), "200 levels");
    refuses(std::string(5000, '-'), "200 levels");
}

TEST_CASE("names come in the order of the text, with their labels") {
    const auto names = halfulp::formula("E + A / (N * eff[format])^alpha + A").names();
    REQUIRE(names.size() == 5);
    CHECK(names[0].name == "E");
    CHECK(names[1].name == "A");
    CHECK(names[3].name == "eff");
    CHECK(names[3].label == "format");
}

TEST_CASE("a law says which of its names fit what") {
    const auto refuses_law = [](const std::string& text, std::vector<std::string> columns, const std::string& part) {
        CHECK_THROWS_WITH(halfulp::make_law("own", text, std::move(columns)), ContainsSubstring(part));
    };
    refuses_law("E + A / N", {"N", "D"}, "does not use as a column");
    refuses_law("E + A / N", {"N", "N"}, "twice");
    refuses_law("N", {"N"}, "no parameter");
    refuses_law("eff[f] + eff", {}, "different labels");
    refuses_law("eff[f] + eff[g]", {}, "different labels");
    refuses_law("eff[f] + f", {}, "a name and a label column");
    CHECK_THROWS_WITH(halfulp::make_law("own", "E + A / N^alpha", {"N"}, {{"alpha", {}, false, true, {}}}),
                      ContainsSubstring("not affine"));
    CHECK_THROWS_WITH(halfulp::find_law("chinchila"), ContainsSubstring("chinchilla"));
}

TEST_CASE("affine names are those in which a formula is affine together") {
    const auto affine = [](const std::string& text) {
        return halfulp::affine_names(halfulp::formula(text), {"N", "D"});
    };
    using names = std::vector<std::string>;
    CHECK(affine("E + A / N^alpha + B / D^beta") == names{"E", "A", "B"});
    CHECK(affine("E + (A / N^alpha + B)^gamma") == names{"E"});
    CHECK(affine("A * B * N") == names{"A"});
    CHECK(affine("A * B + B * C") == names{"A"});
    CHECK(affine("A * A") == names{});
    CHECK(affine("-(A - B) / N + exp(C)") == names{"A", "B"});
    CHECK(affine("1 / A + B") == names{"B"});
    CHECK(affine("A * N + A^2") == names{});
}

TEST_CASE("a message has whole characters and ends where it ends") {
    // Catches: a byte of a character of UTF-8, bytes counted for characters, a zero byte that ends the message.
    refuses("E + é·A", "'E + é·A': at place 5 stands 'é'");
    refuses("E ·A", "at place 3 stands '·'");
    refuses(std::string("E\0 + A", 6), "'E? + A': at place 2 stands '?'");
    refuses(std::string(300, 'x') + "é", "'" + std::string(200, 'x') + "…': at place 301 stands 'é'");
}
