// Scheme texts: parsing, printing, braces, bits.
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_exception.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <stdexcept>

#include "halfulp/blocks/scheme.hpp"
#include "halfulp/formats/name.hpp"

using namespace halfulp;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::MessageMatches;

TEST_CASE("published schemes expand to levels and print back by name") {
    for (const published_scheme& row : published_schemes()) {
        INFO(row.name);
        const scheme s = parse_scheme(row.name);
        CHECK(s == parse_scheme(row.text));
        CHECK(to_string(s) == row.name);
    }
    const scheme nvfp4 = parse_scheme("nvfp4");
    REQUIRE(nvfp4.levels.size() == 2);
    CHECK(nvfp4.levels[0].group.length == 16);
    CHECK(nvfp4.levels[1].group.is_tensor());
    CHECK(bits_per_element(nvfp4) == 4.5);
    CHECK(bits_per_element(parse_scheme("mxfp4")) == 4.25);
    CHECK(bits_per_element(parse_scheme("mx9")) == 9);
    CHECK(bits_per_element(parse_scheme("mx6")) == 6);
    CHECK(bits_per_element(parse_scheme("mx4")) == 4);
    CHECK(bits_per_element(parse_scheme("msfp16")) == 8.5);
    CHECK(bits_per_element(parse_scheme("msfp12")) == 4.5);
    CHECK(bits_per_element(parse_scheme("e2m1f/4:e4m3fn/8:binary32")) == 4 + 8.0 / 4 + 32.0 / 32);
}

TEST_CASE("parse(to_string(s)) == s") {
    for (const char* text :
         {"e4m3fn", "e2m1f/7:e5m2/3:binary16/tensor:binary64", "e3m2f_nosub/32:e8m0fnu", "Binary8p3se/tensor:bfloat16",
          "mxfp8_e5m2", "mxfp4@recipe=ocp_floor", "nvfp4@recipe=nvfp4_exact"}) {
        INFO(text);
        const scheme s = parse_scheme(text);
        CHECK(parse_scheme(to_string(s)) == s);
    }
}

TEST_CASE("impossible, unknown and later schemes say so") {
    const auto refuses = [](const char* text, const char* part) {
        INFO(text);
        CHECK_THROWS_MATCHES(parse_scheme(text), std::invalid_argument, MessageMatches(ContainsSubstring(part)));
    };
    refuses("mxfp5", "did you mean 'mxfp4'");
    refuses("e2m1f/0:e8m0fnu", "a length from 1");
    refuses("e2m1f/-3:e8m0fnu", "a length from 1");
    refuses("e2m1f/1e3:e8m0fnu", "a length from 1");
    refuses("e2m1f/32", "has no ':'");
    refuses("e2m1f/3xyz:binary32", "a length from 1");
    refuses("e2m1f/32:", "not a known name");
    refuses("/32:e8m0fnu", "not a known name");
    refuses("e2m1f/16x0:binary32", "a tile such as");
    refuses("e2m1f/x16:binary32", "a tile such as");
    refuses("e2m1f/16x16x2:binary32", "a tile such as");
    refuses("e2m1f/32:binary16/2x2:binary16", "tiles on the first level only");
    refuses("e2m1f/32:e8m0fnu/tensor:binary32", "outer level can only hold powers of two");
    refuses("e2m1f/2:binary16/2:binary16/2:binary16/2:binary16/2:binary16", "at most 4");
    refuses("int1/32:e8m0fnu", "int1 has no number above zero that scales could be found from");
    refuses("int1/tensor:binary32@search=mse", "allowed: without scales, or with the option zero_point");
    refuses("nf4_64@flat", "stands there twice");
    refuses("pm1_pmi/tensor:binary32", "does not build yet");
    refuses("mxfp4@hadamard=48", "a power of two from 2 to 4096");
    refuses("mxfp4@hadamard", "a power of two from 2 to 4096");
    refuses("mxfp4@hadamard=8192", "a power of two from 2 to 4096");
    refuses("mxfp4@signs=3", "without hadamard");
    refuses("mxfp4@hadamard=16,signs=18446744073709551616", "a seed from 0");
    refuses("mxfp4@search=mae", "allowed: mse");
    refuses("e4m3fn@search=mse", "with at least one level");
    refuses("mxfp4@recipe=cell", "did you mean 'ceil'");
    refuses("mxfp4@recipe=nvfp4_te", "allowed for this scheme: ocp_floor, ceil");
    refuses("nvfp4@recipe=ceil", "allowed for this scheme: nvfp4_exact");
    refuses("e4m3fn/32:bfloat16@recipe=ceil", "recipes are for one level");
    refuses("nvfp4@recipe=nvfp4_te,search=mse", "do not choose between scales");
    refuses("mxfp4@recipe=ceil,recipe=even", "stands there twice");
    refuses("mxfp4@zero_point", "allowed: with integers of 1 to 32 bits");
    refuses("int4s/32:binary16@zero_point", "that are not symmetric");
    refuses("int4/32:e8m0fnu@zero_point", "no powers of two");
    refuses("int4/32:binary16@zero_point=3", "allowed: no value");
    refuses("nf4/64:dynamic8/256:binary32", "with the option double_quant");
    refuses("nf4/64:binary32/256:binary32@double_quant", "with a codebook as the format of the inner scales");
    refuses("e2m1fn/32x32:binary16@flat", "tiles and channels");
    refuses("e2m1fn/32:int8", "a scale's format");
    refuses("int8/32:binary16@percentile=100.1", "a percentage");
    refuses("int8/32:binary16@percentile=99.90", "a percentage");
    refuses("int8/32:binary16/tensor:binary32@percentile=99", "one level of scales");
    refuses("b1.58@search=mse", "they are means");
    refuses("pm1/channel:binary32@recipe=twn", "allowed for this scheme: xnor, absmax");
    refuses("mxfp4@recipy=ceil", "did you mean 'recipe'");
    refuses("mxfp4@", "name is missing");
    refuses("", "not a known name");
}

TEST_CASE("options and groups read back as they are printed, in one order, defaults left out") {
    const auto canonical = [](const char* text, const char* printed) {
        INFO(text);
        const scheme s = parse_scheme(text);
        CHECK(to_string(s) == printed);
        CHECK(parse_scheme(printed) == s);
    };
    canonical("mxfp4@recipe=ocp_floor", "mxfp4");
    canonical("nvfp4@recipe=nvfp4_exact", "nvfp4");
    canonical("e2m1f/32:e8m0fnu@recipe=rceil", "mxfp4@recipe=rceil");
    canonical("mxfp4@signs=7,hadamard=16,search=mse,recipe=even", "mxfp4@recipe=even,search=mse,hadamard=16,signs=7");
    canonical("e4m3fn@hadamard=64,signs=0", "e4m3fn@hadamard=64");
    canonical("e4m3fn/channel:binary32", "e4m3fn/channel:binary32");
    canonical("e2m3f/48x32:e8m0fnu@recipe=ceil", "e2m3fn/48x32:e8m0fnu@recipe=ceil");
    canonical("e2m1f/16:e4m3fn/channel:binary32", "e2m1fn/16:e4m3fn/channel:binary32");
    canonical("nf4/64:binary32@flat", "nf4_64");
    canonical("nf4/64:binary32", "nf4/64:binary32");
    canonical("nf4_64@recipe=bitsandbytes", "nf4_64@recipe=bitsandbytes");
    canonical("fp4_bnb/64:binary32@flat,recipe=bitsandbytes", "fp4_bnb/64:binary32@recipe=bitsandbytes,flat");
    canonical("nf4/64:dynamic8/256:binary32@flat,double_quant", "nf4_64_dq256");
    canonical("uint4/128:binary16@percentile=99.5,zero_point,recipe=torch_ao",
              "uint4/128:binary16@recipe=torch_ao,percentile=99.5,zero_point");
    canonical("int4s/128:binary16", "int4_g128");
    canonical("q2.6s/32:e8m0fnu@recipe=rceil", "mxint8@recipe=rceil");
    canonical("ternary/tensor:binary32@recipe=twn", "b1.58@recipe=twn");
    for (const recipe_row& row : recipes) {
        const std::array<std::string, recipe_shape_names.size()> of_shape{
            "mxfp6_e2m3", "nvfp4", "b1.58", "pm1/channel:binary32", "int8/32:binary32@zero_point", "nf4_64"};
        const std::string plain = of_shape[static_cast<std::size_t>(row.shape)];
        INFO(plain + " " + std::string(row.name));
        const bool has_options = plain.find('@') != std::string::npos;
        const scheme s = parse_scheme(plain + (has_options ? "," : "@") + "recipe=" + std::string(row.name));
        CHECK(s.scale_recipe == row.id);
        CHECK((to_string(s) == plain) == (row.id == recipe::standard));
        CHECK(parse_scheme(to_string(s)) == s);
    }
}

TEST_CASE("bits count a scale once for each tile, and none that an array has few of") {
    CHECK(bits_per_element(parse_scheme("e2m1f/4x8:e8m0fnu")) == 4 + 8 / 32.0);
    CHECK(bits_per_element(parse_scheme("e2m1f/channel:binary32")) == 4);
    CHECK(bits_per_element(parse_scheme("e2m1f/16:e4m3fn/channel:binary32")) == 4.5);
}

TEST_CASE("braces expand as in a shell") {
    using texts = std::vector<std::string>;
    CHECK(expand_braces("a") == texts{"a"});
    CHECK(expand_braces("e{2..3}m{0..1}f") == texts{"e2m0f", "e2m1f", "e3m0f", "e3m1f"});
    CHECK(expand_braces("{3..1}") == texts{"3", "2", "1"});
    CHECK(expand_braces("x/{16,32:{a,b},}") == texts{"x/16", "x/32:a", "x/32:b", "x/"});
    CHECK(expand_braces("{-1..1}") == texts{"-1", "0", "1"});
    CHECK(expand_braces("{08..10}") == texts{"08", "09", "10"});
    CHECK(expand_braces("{-01..1}") == texts{"-01", "000", "001"});
    const auto refuses = [](const char* text, const char* part) {
        INFO(text);
        CHECK_THROWS_MATCHES(expand_braces(text), std::invalid_argument, MessageMatches(ContainsSubstring(part)));
    };
    refuses("{a", "is not closed");
    refuses("a}", "has no '{'");
    refuses("{a}", "holds one text");
    refuses("{a..b}", "range of two integers");
    refuses("{1..1000000}", "more than 100000");
    refuses("{1..1000}{1..1000}", "more than 100000");
    refuses("{{1..90000},{1..90000}}", "more than 100000");
    refuses(("{1..90000}" + std::string(3000, 'a')).c_str(), "64 MiB");
}
