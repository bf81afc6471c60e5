"""The experiment on small networks: its training is right and the same everywhere, its quantized networks are what a
plain definition says, and its committed tables belong to its code."""

from __future__ import annotations

import importlib
import math
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import halfulp as hu
import numpy as np
import pandas
import pytest

pytest.importorskip("sklearn")

FOLDER = Path(__file__).resolve().parents[2] / "experiments" / "small_networks"
MODULES = ("data", "networks", "training", "quantized", "techniques", "bench", "studies", "intervals", "jobs", "tables")


@pytest.fixture(scope="module")
def code() -> Iterator[Any]:
    """The experiment's modules; other experiments have some of the same names, so they do not stay."""
    sys.path.insert(0, str(FOLDER))
    try:
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in MODULES})
    finally:
        sys.path.remove(str(FOLDER))
        for name, module in list(sys.modules.items()):
            if Path(getattr(module, "__file__", None) or "/").parent == FOLDER:
                del sys.modules[name]


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    return tomllib.loads((FOLDER / "config.toml").read_text(encoding="utf-8"))


def small_network(code: Any, name: str, seed: int) -> list[Any]:
    return code.training.new_network(name, [3, 4] if name == "cnn" else [5, 4], np.random.default_rng(seed))


@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_gradients_against_finite_differences(code: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Catches: a wrong factor or sum in any layer's backward pass, batch normalization's included.
    monkeypatch.setattr(code.training, "grid", lambda x: x)  # differences of rounded sums would be steps
    rng = np.random.default_rng(3)
    layers = small_network(code, name, 1)
    for layer in layers:  # gains and biases away from 1 and 0
        for parameter in layer.parameters.values():
            parameter += rng.uniform(-0.2, 0.2, parameter.shape)
    images, labels = rng.uniform(0, 1, (7, 8, 8, 1)), rng.integers(10, size=7)
    _, found = code.training.gradients(layers, images, labels)
    step = 1e-6
    for layer, of_layer in zip(layers, found, strict=True):
        assert of_layer.keys() == layer.parameters.keys()
        for key, parameter in layer.parameters.items():
            for place in rng.choice(parameter.size, min(parameter.size, 12), replace=False):
                losses = []
                for sign in (1, -1):
                    before = parameter.flat[place]
                    parameter.flat[place] = before + sign * step
                    losses.append(code.training.gradients(layers, images, labels)[0])
                    parameter.flat[place] = before
                numeric = (losses[0] - losses[1]) / (2 * step)
                # Losses are about 3, good to 2^-50 or so: over 2e-6 that is 2e-9. The cubic term is far smaller.
                assert of_layer[key].flat[place] == pytest.approx(numeric, rel=1e-5, abs=1e-8), (key, place)


def test_patches_and_their_transpose(code: Any) -> None:
    # Catches: a border on the wrong side, rows and columns exchanged, a stride that starts elsewhere.
    rng = np.random.default_rng(0)
    for height, width, channels, stride in ((8, 8, 1, 1), (5, 7, 3, 2), (4, 4, 2, 2)):
        x = rng.normal(size=(2, height, width, channels))
        found = code.networks.patches(x, stride)
        assert found.shape == (2, -(-height // stride), -(-width // stride), 9 * channels)
        for n, i, j, k, c in np.ndindex(*found.shape[:3], 9, channels):
            row, column = i * stride + k // 3 - 1, j * stride + k % 3 - 1
            inside = 0 <= row < height and 0 <= column < width
            assert found[n, i, j, k * channels + c] == (x[n, row, column, c] if inside else 0)
        y = rng.normal(size=found.shape)
        back = code.networks.unpatched(y, x.shape, stride)
        assert (found * y).sum() == pytest.approx((x * back).sum(), rel=1e-12)


def test_sums_on_the_grid_are_exact(code: Any) -> None:
    # Catches: a grid too fine for sums to be exact, one that does not follow the largest magnitude.
    rng = np.random.default_rng(0)
    a, b = (code.training.grid(rng.normal(size=shape) * 1e3) for shape in ((2, 5000), (5000, 2)))
    found = a @ b
    for i, j in np.ndindex(2, 2):
        assert found[i, j] == math.fsum(Fraction(x) * Fraction(y) for x, y in zip(a[i], b[:, j], strict=True))
    x = rng.normal(size=1000)
    step = 2.0 ** (math.floor(math.log2(np.abs(x).max())) + 1 - code.training.BITS)
    assert np.abs(code.training.grid(x) - x).max() <= step / 2
    assert (code.training.grid(np.zeros(3)) == 0).all()


TRAIN = """
import sys, tomllib
sys.path.insert(0, sys.argv[1])
import data, training
config = tomllib.load(open(sys.argv[1] + "/config.toml", "rb"))
digits = data.load(100, 50, 1)
for name, about in config["networks"].items():
    print(training.fingerprint(training.train(name, about | {"epochs": 2}, digits, 1)))
"""


def test_training_does_not_depend_on_kernels_and_threads() -> None:
    # Catches: a sum that is not exact, so that a BLAS's order of additions changes the weights.
    said = set()
    for kernels, threads, features in (("Prescott", "1", ""), ("Haswell", "2", "AVX512F"), ("", "2", "")):
        settings = {"OPENBLAS_CORETYPE": kernels, "OPENBLAS_NUM_THREADS": threads, "NPY_DISABLE_CPU_FEATURES": features}
        environment = os.environ | {key: value for key, value in settings.items() if value}
        line = [sys.executable, "-W", "ignore", "-c", TRAIN, str(FOLDER)]
        done = subprocess.run(line, capture_output=True, text=True, check=True, env=environment, timeout=120)
        said.add(done.stdout)
    assert len(said) == 1
    assert len(said.pop().split()) == 2


def trained_for_a_moment(code: Any, config: dict[str, Any], name: str) -> tuple[Any, Any]:
    digits = code.data.load(200, 40, 1)
    return code.training.train(name, config["networks"][name] | {"epochs": 2}, digits, 1), digits


def test_the_same_function_in_other_weights(code: Any, config: dict[str, Any]) -> None:
    # Catches: rows of the next weight that belong to another channel, a bias left as it was, a gain folded wrongly.
    for name in ("mlp", "cnn"):
        network, digits = trained_for_a_moment(code, config, name)
        folded = code.networks.folded(network)
        logits = code.networks.forward(folded, digits.test_images)
        apart = code.networks.forward(network, digits.test_images)
        assert np.abs(logits - apart).max() < 1e-12 * np.abs(apart).max()
        bad = code.networks.badly_scaled(folded, 3, 1)
        assert not np.array_equal(bad[0].weight, folded[0].weight)
        assert np.array_equal(code.networks.forward(bad, digits.test_images), logits)


def members(name: str) -> list[Fraction]:
    """Magnitudes, ascending: the place among them is the code, and so says which is even."""
    found = hu.format(name)  # a symmetric integer has one more code, which no number becomes
    return sorted({Fraction(abs(v)) for v in map(float, found.values()) if abs(v) <= found.max})


def nearest(x: Fraction, magnitudes: list[Fraction]) -> Fraction:
    """By trying all of them; ties to the even place."""
    place = min(range(len(magnitudes)), key=lambda i: (abs(abs(x) - magnitudes[i]), i % 2))
    return magnitudes[place] * (-1 if x < 0 else 1)


def plain_forward(network: Any, image: np.ndarray, weights: str, activations: str, largest: list[float]) -> list[float]:
    """The definition, number by number: scales RN32(amax ÷ largest member), quotients exact, sums exact."""
    of_weights, of_inputs = members(weights), members(activations)
    pixels = [[[Fraction(float(v)) for v in pixel] for pixel in line] for line in image]
    for place, layer in enumerate(network):
        scale = Fraction(float(np.float32(largest[place] / float(of_inputs[-1]))))

        def rounded(x: Fraction, scale: Fraction = scale) -> Fraction:
            # The experiment divides in binary64 first.
            return nearest(Fraction(float(x) / float(scale)), of_inputs) * scale

        columns = []
        for column in layer.weight.T:
            s = Fraction(float(np.float32(np.abs(column).max() / float(of_weights[-1]))))
            columns.append([nearest(Fraction(float(w)) / s, of_weights) * s for w in column])
        pixels = [[[rounded(v) for v in pixel] for pixel in line] for line in pixels]

        def outputs(inputs: list[Fraction], columns: Any = columns, layer: Any = layer) -> list[Fraction]:
            sums = [sum(a * b for a, b in zip(inputs, column, strict=True)) for column in columns]
            ys = [Fraction(float(y) + float(b)) for y, b in zip(sums, layer.bias, strict=True)]
            return [max(y, Fraction(0)) for y in ys] if layer.relu else ys

        if not layer.stride:
            pixels = [[outputs([v for line in pixels for pixel in line for v in pixel])]]
            continue
        height, width, none = len(pixels), len(pixels[0]), [Fraction(0)] * len(pixels[0][0])
        around = [
            [
                [
                    v
                    for k in range(9)
                    for v in (
                        pixels[i + k // 3 - 1][j + k % 3 - 1]
                        if 0 <= i + k // 3 - 1 < height and 0 <= j + k % 3 - 1 < width
                        else none
                    )
                ]
                for j in range(0, width, layer.stride)
            ]
            for i in range(0, height, layer.stride)
        ]
        pixels = [[outputs(inputs) for inputs in line] for line in around]
    return [float(v) for v in pixels[0][0]]


@pytest.mark.parametrize("weights", ["int4s", "e2m1f", "e3m2f"])
@pytest.mark.parametrize("name", ["mlp", "cnn"])
def test_quantized_network_against_a_plain_definition(
    code: Any, config: dict[str, Any], name: str, weights: str
) -> None:
    # Catches: scales of the wrong axis or layer, inputs that are not saturated or rounded twice, a bias that is scaled.
    digits = code.data.load(200, 40, 1)
    small = code.training.train(name, config["networks"][name] | {"sizes": [4, 3], "epochs": 1}, digits, 1)
    network = code.networks.folded(small)
    activations = {"int4s": "uint4", "e2m1f": "e2m2fu", "e3m2f": "e3m3fu"}[weights]
    largest = [float(x.max()) for x in code.networks.inputs_of_layers(network, digits.calibration_images)]
    bench = code.bench.Bench(network, digits)
    rounding = bench.rounding(activations, "absmax", False)
    scheme = code.quantized.scheme_of(f"{weights}/channel")
    brightest = digits.test_images[[int(digits.test_images.sum(axis=(1, 2, 3)).argmax()), 0]]  # one that may saturate
    found = code.networks.forward(bench.weights(scheme, ""), brightest, rounding)
    for image, logits in zip(brightest, found, strict=True):
        expected = plain_forward(network, image, weights, activations, largest)
        # Sums of 8-bit products and 24-bit scales are exact in binary64; scaling and bias round three times.
        assert logits == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_a_scale_of_least_error_is_one(code: Any) -> None:
    # Catches: a search that minimizes something else, or forgets what saturates.
    x = np.abs(np.random.default_rng(0).standard_t(3, 4000))
    for name in ("uint3", "e2m1fu"):
        errors = {}
        for rule in ("absmax", "mse"):
            (scale,) = code.quantized.rounding(name, [x], rule).scales
            errors[rule] = np.square(hu.round(x / scale, name, overflow="sat_finite") * scale - x).sum()
        assert errors["mse"] < 0.8 * errors["absmax"]


def test_intervals_of_sums(code: Any) -> None:
    # Catches: seeds or images that are not drawn, quantiles of another level.
    rng = np.random.default_rng(0)
    seeds, images = 40, 500
    a, b = (np.round(rng.normal(size=n) * 8) for n in (seeds, images))
    bootstrap = code.intervals.Bootstrap(seeds, images, 4000, 1)
    value, low, high = bootstrap.mean(a[:, None] + b)
    assert value == pytest.approx(a.mean() + b.mean(), abs=1e-12)
    deviation = np.sqrt(a.var() / seeds + b.var() / images)  # of the two independent means that are drawn
    # 4000 draws: the quantiles are good to 0.06 deviations or so, three of which are allowed.
    assert (value - low) / deviation == pytest.approx(1.96, abs=0.2)
    assert (high - value) / deviation == pytest.approx(1.96, abs=0.2)
    assert tuple(bootstrap.mean(np.ones((seeds, images)))) == (1, 1, 1)


def small_run(folder: Path) -> subprocess.CompletedProcess[str]:
    places = ["--output", folder / "out", "--results", folder / "results"]
    line = [sys.executable, FOLDER / "run.py", "--small", *places]
    return subprocess.run(line, capture_output=True, text=True, timeout=600, check=False)


@pytest.mark.slow
def test_a_small_run_from_end_to_end(tmp_path: Path) -> None:
    # Catches: a table or picture that is not written, parts that are measured again, a README of small numbers.
    before = (FOLDER / "README.md").read_bytes()
    first = small_run(tmp_path)
    assert first.returncode == 0, first.stderr
    written = {path.name for path in (tmp_path / "out").iterdir()}
    names = {"networks.csv", "integers.csv", "formats.csv", "pairs.csv"}
    assert written == names | {"integers.png", "formats.png", "techniques.png", "costs.png", "stored.png"}
    for name in names:
        assert list(pandas.read_csv(tmp_path / "out" / name)) == list(pandas.read_csv(FOLDER / name)), name
    parts = {path: path.stat().st_mtime_ns for path in (tmp_path / "results").iterdir()}
    tables = {name: (tmp_path / "out" / name).read_bytes() for name in names}
    victim = min(path for path in parts if "_formats_" in path.name)
    victim.unlink()
    second = small_run(tmp_path)
    assert second.returncode == 0, second.stderr
    after = {path: path.stat().st_mtime_ns for path in (tmp_path / "results").iterdir()}
    assert {path for path in parts if after[path] != parts[path]} == {victim}
    assert tables == {name: (tmp_path / "out" / name).read_bytes() for name in names}
    assert (FOLDER / "README.md").read_bytes() == before


def test_small_numbers_stay_out_of_the_readme() -> None:
    # Catches: a quick look that replaces the committed numbers.
    done = subprocess.run([sys.executable, FOLDER / "run.py", "--small"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--output" in done.stderr


def test_says_how_to_install_what_is_missing(tmp_path: Path) -> None:
    # Catches: a bare ImportError where scikit-learn is not there.
    (tmp_path / "sklearn.py").write_text("raise ImportError('none')\n", encoding="utf-8")
    line = [sys.executable, FOLDER / "run.py"]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 1
    assert "pip install" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("study", ["integers", "formats"])
def test_committed_tables_belong_to_the_code(code: Any, config: dict[str, Any], tmp_path: Path, study: str) -> None:
    # Catches: a change of training, quantization or techniques after the tables were made.
    networks = pandas.read_csv(FOLDER / "networks.csv").set_index(["network", "seed"])
    committed = pandas.read_csv(FOLDER / f"{study}.csv", keep_default_na=False)
    wanted = {
        "integers": [
            {"condition": "as trained", "weights": "int4s/channel", "activations": "uint8"},
            {"condition": "badly scaled", "weights": "int8s/tensor", "activations": ""},
        ],
        "formats": [
            {"condition": "as trained", "rule": "mse", "format": "e2m1f", "where": "both", "technique": "both"},
            {
                "condition": "badly scaled",
                "rule": "absmax",
                "format": "int4s",
                "where": "both",
                "technique": "equalized",
            },
        ],
    }[study]
    found: dict[int, list[dict[str, Any]]] = {}
    for seed in config["seeds"]:
        network = code.jobs.trained("mlp", seed, config, tmp_path / f"{seed}.npz")
        assert code.training.fingerprint(network) == networks.loc[("mlp", seed), "fingerprint"]
        for case in code.studies.STUDIES[study](network, code.jobs.digits_of(config), config):
            for place, keys in enumerate(wanted):
                if case.keys == keys:
                    numbers, _ = case.bench.measure(case.scheme, case.activations, case.rule, case.technique)
                    found.setdefault(place, []).append(numbers)
    images = len(code.jobs.digits_of(config).test_labels)
    for place, keys in enumerate(wanted):
        assert len(found[place]) == len(config["seeds"])
        row = committed[(committed[list(keys)] == pandas.Series(keys)).all(axis=1) & (committed["network"] == "mlp")]
        accuracy = np.mean([numbers["right"] for numbers in found[place]]) / images
        assert float(row["accuracy"].iloc[0]) == pytest.approx(accuracy, abs=1e-5)
        error = np.mean([numbers["logit_error"] for numbers in found[place]])
        assert float(row["logit_error"].iloc[0]) == pytest.approx(error, rel=1e-4)


def test_one_exponent_bit_is_an_integer() -> None:
    # Catches: rows of the tables that are exchanged. E1M2 has the values of INT4, times a power of two.
    table = pandas.read_csv(FOLDER / "formats.csv", keep_default_na=False)
    keys = ["network", "condition", "rule", "where", "technique"]
    for width in range(3, 9):
        both = [table[table["format"] == name].drop(columns="format") for name in (f"int{width}s", f"e1m{width - 2}f")]
        one, other = (rows.sort_values(keys).reset_index(drop=True) for rows in both)
        assert len(one) > 10
        pandas.testing.assert_frame_equal(one, other)


def test_readme_has_the_tables_numbers() -> None:
    # Catches: tables and README of two different runs.
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    networks = pandas.read_csv(FOLDER / "networks.csv")
    for name, title in (("mlp", "MLP"), ("cnn", "CNN")):
        accuracy = networks[networks["network"] == name]["test_accuracy"].mean()
        assert re.search(rf"\| {title} \| \d+ \| {100 * accuracy:.2f} \(", text)
