"""The text grammar of formats and schemes (contract, section 4): round trips, published and reserved names, braces."""

from __future__ import annotations

import itertools
import random
import re
import shutil
import subprocess

import halfulp as hu
import pytest
import scheme_oracle as oracle

NAMES = {
    "binary16": ["fp16", "float16"],
    "binary32": ["fp32", "float32"],
    "binary64": ["fp64", "float64"],
    "bfloat16": ["bf16"],
    "tf32": [],
    "dlfloat16": [],
    "e4m3fn": ["float8_e4m3fn"],
    "e5m2": ["float8_e5m2"],
    "e4m3fnuz": ["float8_e4m3fnuz"],
    "e5m2fnuz": ["float8_e5m2fnuz"],
    "e4m3b11fnuz": ["float8_e4m3b11fnuz"],
    "e3m4": ["float8_e3m4"],
    "e4m3": ["float8_e4m3"],
    "e8m0fnu": ["float8_e8m0fnu"],
    "microexponent": [],
    "e5m3fnu": [],
    "e4m3fnu": [],
    "e3m2fn": ["float6_e3m2fn", "e3m2f"],
    "e2m3fn": ["float6_e2m3fn", "e2m3f"],
    "e2m1fn": ["float4_e2m1fn", "e2m1f"],
}


def random_shape(r: random.Random) -> str | None:
    """A shape's text, None where the contract allows no such shape."""
    letters = r.choice(["", "f", "fn", "fnuz"])
    exponent_bits, mantissa_bits = r.choice(
        [(r.randint(1, 19), r.randint(0, 10)), (r.randint(1, 6), r.randint(0, 4)), (r.randint(1, 19), r.randint(0, 62))]
    )
    unsigned = r.random() < 0.4
    if letters == "" and (exponent_bits < 2 or mantissa_bits < 1):
        return None
    if letters == "fnuz" and unsigned:
        return None
    if exponent_bits + mantissa_bits + (not unsigned) > 64:
        return None
    if letters == "fn" and (exponent_bits, mantissa_bits) == (1, 0):
        return None  # no finite member but zero (unsigned: 2^-bias alone remains, tested below)
    bias = "" if r.random() < 0.5 else f"b{r.choice([r.randint(-20, 300), r.randint(-(2**19) + 1, 2**19 - 1)])}"
    return f"e{exponent_bits}m{mantissa_bits}{bias}{letters}{'u' * unsigned}{'_nosub' * (r.random() < 0.3)}"


def shapes(count: int, seed: int) -> list[str]:
    r = random.Random(seed)
    return list(itertools.islice((s for s in iter(lambda: random_shape(r), 0) if s), count))


def test_to_string_then_parse_is_the_identity_for_random_shapes_and_their_fields_are_as_written() -> None:
    for text in shapes(4000, 1):
        f = hu.format(text)
        assert hu.format(str(f)) == f, text
        assert str(hu.format(str(f))) == str(f), text
        if text in oracle.PUBLISHED:
            continue
        want = oracle.parse_format(text)
        got = (f.exponent_bits, f.mantissa_bits, f.bias, f.signed, f.bits)
        assert got == (want.E, want.M, want.bias, want.signed, want.bits), text
        assert (f.has_inf, f.has_nan, f.has_zero) == (want.letters == "", want.letters != "f", want.has_zero), text
        assert (f.min_subnormal is None) == (not want.sub or want.M == 0), text


def test_two_texts_of_one_format_are_equal_hash_alike_and_have_one_canonical_text() -> None:
    for text in shapes(500, 2):
        f = hu.format(text)
        explicit = (
            re.sub(r"(m\d+)(b-?\d+)?", rf"\g<1>b{f.bias}", text, count=1) if text not in oracle.PUBLISHED else text
        )
        g = hu.format(explicit)
        assert f == g
        assert hash(f) == hash(g)
        assert str(f) == str(g)


def test_different_shapes_are_different() -> None:
    by_fields: dict[tuple[object, ...], str] = {}
    by_text: dict[str, tuple[object, ...]] = {}
    for text in shapes(3000, 3):
        want = oracle.parse_format(text)
        subnormals_matter = want.sub if want.M > 0 else True
        fields = (want.E, want.M, want.bias, want.letters, want.signed, subnormals_matter)
        canonical = str(hu.format(text))
        assert by_fields.setdefault(fields, canonical) == canonical
        assert by_text.setdefault(canonical, fields) == fields, text


def test_p3109_names_of_every_width_up_to_16_round_trip() -> None:
    count = 0
    for width in range(3, 17):
        for sign in "su":
            for precision in range(1, width + (sign == "u")):
                for domain in "ef":
                    name = f"Binary{width}p{precision}{sign}{domain}"
                    exponent_bits = width - precision + (sign == "u")
                    # An infinity and a NaN leave some shapes nothing but zero.
                    finite = 2 ** (width - (sign == "s")) - 1 - (domain == "e") - (sign == "u")
                    if exponent_bits > 19 or finite < 2 ** (precision - 1):
                        with pytest.raises(ValueError, match=r"exponent width|no finite member"):
                            hu.format(name)
                        continue
                    f = hu.format(name)
                    count += 1
                    assert str(f) == name
                    assert (f.bits, f.precision, f.signed, f.has_inf, f.has_nan) == (
                        width,
                        precision,
                        sign == "s",
                        domain == "e",
                        True,
                    )
    assert count > 500


@pytest.mark.parametrize("name", NAMES)
def test_published_names_and_aliases_mean_the_same_and_print_as_published(name: str) -> None:
    f = hu.format(name)
    assert str(f) == f.name == name
    for alias in NAMES[name]:
        assert hu.format(alias) == f
        assert str(hu.format(alias)) == name


def test_the_registry_holds_exactly_the_published_floats_and_members_of_every_other_kind() -> None:
    assert sorted(str(f) for f in hu.formats() if f.kind == "float") == sorted(NAMES)
    assert len({str(f) for f in hu.formats()}) == len(hu.formats())
    assert {f.kind for f in hu.formats()} == {"float", "integer", "fixed point", "posit", "codebook"}


def test_published_names_come_before_the_grammar() -> None:
    """e2m1fn by the letters would have a NaN; the published one has none."""
    for name in ("e2m1fn", "e2m3fn", "e3m2fn"):
        f = hu.format(name)
        with_nan = hu.float_format(exponent_bits=f.exponent_bits, mantissa_bits=f.mantissa_bits, specials="fn")
        assert not f.has_nan
        assert with_nan.has_nan
        assert with_nan != f
        assert str(with_nan) != name
        assert hu.format(str(with_nan)) == with_nan
        assert hu.format(name[:-1]) == f
    assert hu.format("e4m3b11fnuz").bias == 11


def test_maximal_munch_of_the_letters() -> None:
    assert (hu.format("e4m3fnuz").signed, hu.format("e4m3fnuz").bias) == (True, 8)
    assert (hu.format("e4m3fnu").signed, hu.format("e4m3fnu").has_nan) == (False, True)
    assert (hu.format("e4m3fu").signed, hu.format("e4m3fu").has_nan) == (False, False)
    assert (hu.format("e4m3u").signed, hu.format("e4m3u").has_inf) == (False, True)
    assert hu.format("e11m30").bits == 42
    assert hu.format("e1m1b10f").bias == 10
    for text in (
        "e4m3uf",
        "e4m3nf",
        "e4m3fnuzz",
        "e4m3_nosubu",
        "e4m3b",
        "e4m3bfn",
        "e4m3fnfn",
        "e4m3 fn",
        "e04m3",
        "e4m03",
        "e4m3b07",
        "e4m3b+7",
        "e+4m3",
        "e4.0m3",
        "e4m3b1.0",
    ):
        with pytest.raises(ValueError, match="is not a known name"):
            hu.format(text)


def test_names_are_case_sensitive() -> None:
    for name in [*NAMES, "Binary8p3se", "e7m9f"]:
        for other in {name.upper(), name.capitalize(), name.swapcase()} - {name}:
            if other not in [*NAMES, "Binary16", "Binary32", "Binary64"] or other.startswith("Binary"):
                with pytest.raises(ValueError, match="is not a known name"):
                    hu.format(other)


# --- kinds that are no floats
OTHERS = {  # text: (kind, bits, least, largest)
    "int1": ("integer", 1, -1, 0),
    "int4": ("integer", 4, -8, 7),
    "int4s": ("integer", 4, -7, 7),
    "uint1": ("integer", 1, 0, 1),
    "uint5": ("integer", 5, 0, 31),
    "int64": ("integer", 64, -(2**63), 2**63 - 1),
    "q4.4": ("fixed point", 8, -8, 8 - 2**-4),
    "q2.6s": ("fixed point", 8, -2 + 2**-6, 2 - 2**-6),
    "q1.0": ("integer", 1, -1, 0),
    "q1.15": ("fixed point", 16, -1, 1 - 2**-15),
    "posit2_0": ("posit", 2, -1, 1),
    "posit8_2": ("posit", 8, -(2**24), 2**24),
    "posit16_1": ("posit", 16, -(2**28), 2**28),
    "posit9_3": ("posit", 9, -(2**56), 2**56),
    "nf2": ("codebook", 2, -1, 1),
    "nf8": ("codebook", 8, -1, 1),
    "dynamic5u": ("codebook", 5, 0, 1),
    "pot2": ("codebook", 2, -1, 1),
    "apot8": ("codebook", 8, -1, 1),
    "sqrt2pot5": ("codebook", 5, -1, 1),
    "ternary": ("codebook", 2, -1, 1),
    "binary": ("codebook", 1, -1, 1),
    "hif8": ("codebook", 8, -(2**15), 2**15),
}


@pytest.mark.parametrize("text", OTHERS)
def test_formats_that_are_no_floats_are_what_their_names_say(text: str) -> None:
    # Catches: a width read as another; a sign bit counted twice; a name that does not read back.
    f = hu.format(text)
    assert (f.kind, f.bits, f.min, f.max) == OTHERS[text]
    assert hu.format(str(f)) == f
    assert hash(hu.format(str(f))) == hash(f)
    assert str(f) == {"binary": "pm1", "q1.0": "int1"}.get(text, text)
    for name in ("precision", "exponent_bits", "mantissa_bits", "bias", "emin", "emax", "min_normal", "epsilon"):
        assert getattr(f, name) is None


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("int0", "the width is 0, allowed: 1 to 64"),
        ("int65", "the width is 65, allowed: 1 to 64"),
        ("q40.40", "the width is 80, allowed: 1 to 64"),
        ("q0.4", "integer bits is 0, allowed: 1 or more"),
        ("posit8_9", "9, allowed: 0 to"),
        ("nf1", "allowed for nf<bits>: 2 to 8"),
        ("nf9", "allowed for nf<bits>: 2 to 8"),
        ("dynamic1", "allowed for dynamic<bits>: 2 to 8"),
        ("pot9", "allowed for pot<bits>: 2 to 8"),
        ("table:0a1b", "no table of this hash has been made in this process"),
        *((text, "is not a known name") for text in ("uint4s", "int8S", "nf4u", "q4.4u", "q.4", "q4", "int04", "int")),
        *((text, "is not a known name") for text in ("posit08_2", "posit8", "posit8_", "nf04", "nf", "potx", "int-4")),
    ],
)
def test_names_that_no_format_of_a_family_has(text: str, fragment: str) -> None:
    with pytest.raises(ValueError, match=re.escape(fragment)) as error:
        hu.format(text)
    assert f"'{text}'" in str(error.value)


# --- complex codes
def test_the_complex_code_is_a_format_of_its_own() -> None:
    f = hu.format("pm1_pmi")
    assert (f.kind, f.bits, str(f)) == ("complex", 2, "pm1_pmi")
    assert f.values().tolist() == [-1, 1, -1j, 1j]
    assert str(hu.scheme("pm1_pmi/channel:binary32")) == "pm1_pmi/channel:binary32"
    with pytest.raises(TypeError, match="meant to be complex"):
        hu.fake_quantize([1.0, 2.0], "pm1_pmi/channel:binary32")


@pytest.mark.parametrize("name", ["int8", "posit8_2", "nf4", "q2.6s"])
def test_scales_are_floats_but_for_double_quantization(name: str) -> None:
    with pytest.raises(ValueError, match=r"scale's format is .*, allowed: .*double_quant"):
        hu.scheme(f"e2m1fn/32:{name}")


@pytest.mark.parametrize("name", ["mxfp4", "nvfp4", "e2m1fn/32:e8m0fnu", "mxint8", "nf4_64", "b1.58", "mxfp8_e4m3"])
def test_a_scheme_given_as_a_format_is_told_where_it_belongs(name: str) -> None:
    with pytest.raises(ValueError, match="this is a scheme"):
        hu.format(name)


# --- schemes
PUBLISHED_SCHEMES = {
    "mxfp8_e4m3": "e4m3fn/32:e8m0fnu",
    "mxfp8_e5m2": "e5m2/32:e8m0fnu",
    "mxfp6_e3m2": "e3m2fn/32:e8m0fnu",
    "mxfp6_e2m3": "e2m3fn/32:e8m0fnu",
    "mxfp4": "e2m1fn/32:e8m0fnu",
    "mx9": "e1m6b1f/2:microexponent/8:e8m0fnu",
    "mx6": "e1m3b1f/2:microexponent/8:e8m0fnu",
    "mx4": "e1m1b1f/2:microexponent/8:e8m0fnu",
    "msfp16": "e1m6b1f/16:e8m0fnu",
    "msfp12": "e1m2b1f/16:e8m0fnu",
    "nvfp4": "e2m1fn/16:e4m3fn/tensor:binary32",
    "mxint8": "q2.6s/32:e8m0fnu",
    "nf4_64": "nf4/64:binary32@flat",
    "nf4_64_dq256": "nf4/64:dynamic8/256:binary32@double_quant,flat",
    "int4_g64": "int4s/64:binary16",
    "int4_g128": "int4s/128:binary16",
    "b1.58": "ternary/tensor:binary32",
}


def test_published_schemes_expand_to_their_levels_and_print_as_published() -> None:
    assert sorted(str(s) for s in hu.schemes()) == sorted(PUBLISHED_SCHEMES)
    for name, text in PUBLISHED_SCHEMES.items():
        assert hu.scheme(name) == hu.scheme(text)
        assert str(hu.scheme(text)) == hu.scheme(text).name == name
        assert hash(hu.scheme(name)) == hash(hu.scheme(text))
        element, *levels = text.partition("@")[0].split("/")
        assert str(hu.scheme(name).element) == element
        assert [f"{level.group}:{level.format}" for level in hu.scheme(name).levels] == levels


def test_random_schemes_round_trip() -> None:
    r = random.Random(4)
    pool = [*NAMES, *shapes(100, 5), "Binary8p3se", "fp16", "float8_e4m3fn"]
    seen = 0
    for _ in range(2000):
        levels = [
            (str(r.choice(["tensor", r.randint(1, 300), r.randint(1, 2**32 - 1)])), r.choice(pool))
            for _ in range(r.randint(0, 4))
        ]
        text = r.choice(pool) + "".join(f"/{group}:{name}" for group, name in levels)
        powers = [not hu.format(name).has_zero for _, name in levels]
        if any(inner and not outer for inner, outer in itertools.pairwise(powers)):
            with pytest.raises(ValueError, match=r"power-of-two scales .* outer level can only hold powers of two"):
                hu.scheme(text)
            continue
        seen += 1
        s = hu.scheme(text)
        assert hu.scheme(str(s)) == s
        assert str(hu.scheme(str(s))) == str(s)
        assert [(str(level.group), level.format) for level in s.levels] == [
            (group, hu.format(name)) for group, name in levels
        ]
        bits = hu.format(text.split("/")[0]).bits
        per_scale = 1
        for group, name in levels:
            if group == "tensor":
                break
            per_scale *= int(group)
            bits += hu.format(name).bits / per_scale
        assert s.bits_per_element == pytest.approx(bits, rel=1e-12)
    assert seen > 1000


def test_a_format_is_a_scheme_without_levels() -> None:
    for given in ("e4m3fn", hu.format("e4m3fn"), "float8_e4m3fn"):
        s = hu.scheme(given)
        assert (str(s), s.levels, s.bits_per_element, s.element) == ("e4m3fn", (), 8.0, hu.format("e4m3fn"))


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("e2m1fn/", "has no ':'"),
        ("e2m1fn/32", "has no ':'"),
        ("e2m1fn/32:", "format ''"),
        ("/32:e8m0fnu", "format ''"),
        ("e2m1fn//32:e8m0fnu", "has no ':'"),
        ("e2m1fn/:e8m0fnu", "group is ''"),
        ("e2m1fn/0:e8m0fnu", "group is '0', allowed: a length from 1"),
        ("e2m1fn/-1:e8m0fnu", "group is '-1'"),
        ("e2m1fn/032:e8m0fnu", "group is '032'"),
        ("e2m1fn/+3:e8m0fnu", "group is '+3'"),
        ("e2m1fn/3.5:e8m0fnu", "group is '3.5'"),
        ("e2m1fn/ 3:e8m0fnu", "group is ' 3'"),
        ("e2m1fn/4294967296:e8m0fnu", "group is '4294967296', allowed: a length from 1 to 2^32 - 1"),
        ("e2m1fn/99999999999999999999:e8m0fnu", "group is"),
        ("e2m1fn/2x0:e8m0fnu", "group is '2x0', allowed: a length from 1 to 2^32 - 1, a tile such as 32x32"),
        ("e2m1fn/32:bfloat16/2x2:bfloat16", "tiles on the first level only"),
        ("e2m1fn/32:e8m0fnu:e8m0fnu", "'e8m0fnu:e8m0fnu' is not a known name"),
        ("mxfp4/16:binary32", "'mxfp4' is not a known name"),
        ("e2m1fn/32:mxfp4", "'mxfp4' is not a known name"),
        ("e2m1fn/32:e8m0fnu/4:binary32", "level 1 has power-of-two scales"),
        ("e2m1fn" + "/2:bfloat16" * 5, "5 levels of scales, allowed: at most 4"),
        ("mxfp4 ", "did you mean 'mxfp4'"),
    ],
)
def test_an_impossible_scheme_says_what_is_wrong(text: str, fragment: str) -> None:
    with pytest.raises(ValueError, match=re.escape(fragment)) as error:
        hu.scheme(text)
    assert text[:60] in str(error.value)


OF_SHAPE = {  # a scheme that takes a shape's recipes, and options beside them
    "power_of_two": ("mxfp4", ""),
    "nvfp4": ("nvfp4", ""),
    "ternary": ("ternary/tensor:binary32", ""),
    "binary": ("pm1/channel:binary32", ""),
    "affine": ("uint4/32:binary16", ",zero_point"),
    "blockwise": ("nf4/64:binary32", ",flat"),
}


def test_options() -> None:
    assert hu.scheme("mxfp4@recipe=ocp_floor") == hu.scheme("mxfp4")
    assert hu.scheme("nvfp4@recipe=nvfp4_exact") == hu.scheme("nvfp4")
    for recipe in hu.recipes():
        base, options = OF_SHAPE[recipe.shape]
        text = f"{base}@recipe={recipe.name}{options}"
        assert hu.scheme(text).recipe == recipe.name
        assert hu.scheme(str(hu.scheme(text))) == hu.scheme(text)
        assert recipe.default == (f"recipe={recipe.name}" not in str(hu.scheme(text)))
    with pytest.raises(ValueError, match="allowed for this scheme: nvfp4_exact"):
        hu.scheme("nvfp4@recipe=ocp_floor")
    assert hu.scheme("mxfp4@recipe=ocp_floor,flat") == hu.scheme("mxfp4@flat")
    assert hu.scheme("uint4/32:binary16@zero_point").zero_point
    with pytest.raises(ValueError, match="zero_point is given, allowed: with integers"):
        hu.scheme("e2m1fn/8:binary16@zero_point")
    for text in ("mxfp4@zz", "mxfp4@recipes=ocp_floor", "mxfp4@Flat", "mxfp4@@"):
        with pytest.raises(ValueError, match=r"option .* is not known"):
            hu.scheme(text)
    for text in ("mxfp4@", "mxfp4@recipe=ocp_floor,", "e2m1fn@", "mxfp4@,"):
        with pytest.raises(ValueError, match="option"):
            hu.scheme(text)


# --- braces
def expand(text: str) -> list[str]:
    """Brace expansion from a shell's definition: the first group's alternatives, each with every tail."""
    match = re.search(r"\{", text)
    if not match:
        return [text]
    depth, parts, start = 0, [], match.start() + 1
    for i in range(match.start(), len(text)):
        if text[i] == "{":
            depth += 1
        elif text[i] == "}":
            depth -= 1
        if (text[i] == "," and depth == 1) or depth == 0:
            parts.append(text[start:i])
            start = i + 1
        if depth == 0:
            break
    if len(parts) == 1:
        first, last = (int(n) for n in parts[0].split(".."))
        middles = [str(n) for n in (range(first, last + 1) if first <= last else range(first, last - 1, -1))]
    else:
        middles = [inner for part in parts for inner in expand(part)]
    return [text[: match.start()] + middle + tail for middle in middles for tail in expand(text[start:])]


def random_braces(r: random.Random, depth: int = 0) -> tuple[str, int]:
    """A text and how many it stands for."""
    out, count = "", 1
    for _ in range(r.randint(1, 3)):
        kind = r.random()
        if kind < 0.5 or depth > 2:
            out += r.choice(["a", "b", "e2m1", "/16:", "_", "7", ".", ""])
        elif kind < 0.75:
            first, last = r.randint(-3, 9), r.randint(-3, 9)
            out += f"{{{first}..{last}}}"
            count *= abs(last - first) + 1
        else:
            parts = [random_braces(r, depth + 1) for _ in range(r.randint(2, 3))]
            out += "{" + ",".join(text for text, _ in parts) + "}"
            count *= sum(n for _, n in parts)
    return out, count


def brace_texts() -> list[str]:
    r = random.Random(6)
    fixed = [
        "x{a,b}",
        "x{,a}",
        "x{a,{b,c}}d",
        "x{{1..2},z}",
        "e{2..3}m{0..3}f/{16,32,64}:{e8m0fnu,bfloat16}",
        "x{3..1}y{a,}",
        "x{a..b,c}",
        "x{1..1}",
        "x",
    ]
    # A leading letter: an unquoted empty word would vanish in a shell.
    return fixed + ["x" + text for text, count in (random_braces(r) for _ in range(400)) if count < 300]


def halfulps(text: str) -> list[str]:
    from halfulp import _core

    return list(_core.expand_braces(text))


def test_braces_expand_as_the_definition_says() -> None:
    for text in brace_texts():
        assert halfulps(text) == expand(text), text


def test_braces_expand_as_in_bash() -> None:
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash on this machine")
    texts = brace_texts()
    script = "".join(f"printf '%s\\n' {text}; echo\n" for text in texts)
    output = subprocess.run([bash, "-c", script], capture_output=True, text=True, check=True).stdout
    for text, lines in zip(texts, output.removesuffix("\n\n").split("\n\n"), strict=True):
        assert halfulps(text) == lines.split("\n"), text


def test_the_contracts_sweep_examples_expand_in_order() -> None:
    found = [str(s) for s in hu.expand_schemes("e{2..3}m{0..3}f/{16,32,64}:{e8m0fnu,bfloat16}")]
    want = [
        f"e{e}m{m}f/{g}:{s}" for e in (2, 3) for m in range(4) for g in (16, 32, 64) for s in ("e8m0fnu", "bfloat16")
    ]
    assert found == [str(hu.scheme(text)) for text in want]
    assert "mxfp4" in found
    assert len(found) == 48
    found = [str(s) for s in hu.expand_schemes("e{2..3}m{0..3}f/{16,32}:e4m3fn/tensor:binary32")]
    assert len(found) == 16
    assert "nvfp4" in found


def test_expand_schemes_keeps_each_scheme_once_in_order() -> None:
    for given in (
        "mxfp4 nvfp4\n e2m1f/32:e8m0fnu\tmxfp8_e4m3",
        ["mxfp4", hu.scheme("nvfp4"), "e2m1fn/32:e8m0fnu", "{mxfp4,mxfp8_e4m3}"],
    ):
        assert [str(s) for s in hu.expand_schemes(given)] == ["mxfp4", "nvfp4", "mxfp8_e4m3"]
    assert hu.expand_schemes(hu.scheme("mxfp4")) == hu.expand_schemes("mxfp4") == [hu.scheme("mxfp4")]
    assert hu.expand_schemes(hu.format("e2m1f")) == [hu.scheme("e2m1fn")]


def test_expand_schemes_takes_complex_ones_among_the_rest() -> None:
    # Catches: complex schemes refused, expanded before their braces are, or a ComplexScheme taken for a list of its
    # fields, since it is a tuple.
    texts = ["pm1_pmi/32:bfloat16", "pm1_pmi/64:bfloat16", "mxfp4"]
    assert [str(s) for s in hu.expand_schemes("pm1_pmi/{32,64}:bfloat16 mxfp4 pm1_pmi/32:bfloat16")] == texts
    one = hu.scheme("pm1_pmi/channel:binary32@recipe=fairy2i")
    assert hu.expand_schemes(one) == hu.expand_schemes([str(one), one]) == [one]
    assert hu.expand_schemes(hu.format("pm1_pmi")) == [hu.scheme("pm1_pmi")]
    with pytest.raises(ValueError, match="recipe=fairy2i"):
        hu.expand_schemes("pm1_pmi/32:bfloat16@recipe=ceil")


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("{", "'{' at position 0 is not closed"),
        ("a{b,c", "'{' at position 1 is not closed"),
        ("a}", "'}' at position 1 has no '{'"),
        ("{a,b}}", "has no '{'"),
        ("{a}", "holds one text"),
        ("{}", "holds one text"),
        ("{{1..2}}", "holds one text"),
        ("{1..}", "is not a range"),
        ("{..2}", "is not a range"),
        ("{1..3..2}", "is not a range"),
        ("{1..2000000}", "is not a range"),
        ("{1..99999999999999999999}", "is not a range"),
        ("{0..100000}", "more than 100000"),
        ("{0..999}{0..999}", "more than 100000"),
        ("{a,b}" * 40, "more than 100000"),
        ("{" * 9999, "is not closed"),
        ("x" * 10001, "10001 characters, allowed: at most 10000"),
    ],
)
def test_wrong_braces_say_where(text: str, fragment: str) -> None:
    with pytest.raises(ValueError, match=re.escape(fragment)):
        hu.expand_schemes(text)
