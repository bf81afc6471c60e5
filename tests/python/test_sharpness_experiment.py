"""The experiment on sharpness runs on small models, and what it writes agrees with Jacobians by first derivatives, with
masked bits and with SciPy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import halfulp as hu
import numpy as np
import pandas
import pytest

pytest.importorskip("tokenizers")
pytest.importorskip("threadpoolctl")
pytest.importorskip("matplotlib")
pytest.importorskip("gguf")
pytest.importorskip("halfulp._matrices", reason="built without linear algebra")
import task_models
from halfulp.tasks import Decoder, Encoder
from halfulp.tasks.wordnet import FOLDER as WORDNET

torch = pytest.importorskip("torch", exc_type=ImportError)
stats = pytest.importorskip("scipy.stats")

FOLDER = Path(__file__).resolve().parents[2] / "experiments" / "sharpness"
TABLES = ("traces", "damage", "correlations", "allocations", "logits", "tails")
PICTURES = ("premise", "correlations", "traces", "allocations", "logits", "tails")
INT4, INT2 = "uint4/64:bfloat16@zero_point", "uint2/64:bfloat16@zero_point"
KEY = "encoder.layer.1.attention.self.key.weight"
DOWN = "encoder.layer.0.output.dense.weight"


def quick_run(folder: Path) -> str:
    places = ["--encoder", folder / "encoder", "--decoder", folder / "model.gguf", "--text", folder / "text"]
    places += ["--wordnet", folder / "words", "--output", folder / "out", "--results", folder / "results"]
    line = [sys.executable, FOLDER / "run.py", "--quick", *places]
    done = subprocess.run(line, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a quick run has written its results."""
    place = tmp_path_factory.mktemp("sharpness")
    task_models.write_encoder(place / "encoder")
    task_models.write_wordnet(place / "words")
    task_models.write_gguf(place / "model.gguf")
    (place / "text").write_text("the thin theory in a thing, " * 20, encoding="utf-8")
    (place / "told").write_text(quick_run(place), encoding="utf-8")
    return place


@pytest.fixture(scope="module")
def scripts() -> Any:
    """The experiment's own modules, as run.py sees them."""
    sys.path.insert(0, str(FOLDER))
    try:
        import texts
        import torch_encoder

        yield texts, torch_encoder
    finally:
        sys.path.remove(str(FOLDER))
        for name in ("texts", "torch_encoder"):
            sys.modules.pop(name, None)


def table(folder: Path, name: str) -> pandas.DataFrame:
    return pandas.read_csv(folder / "out" / f"{name}.csv")


def corpus(folder: Path, scripts: Any) -> tuple[Encoder, Any, Any]:
    """The encoder, and the tokens of both parts as --quick has them."""
    config = {
        "seed": 1,
        "texts": {"pairs": 10, "sentences": 6, "calibration_pairs": 8, "calibration_sentences": 6},
    }
    encoder = Encoder(folder / "encoder")
    found = scripts[0].read(config, str(folder / "words"))
    assert not {*found.held_out.all} & {*found.calibration.all}
    return encoder, *(scripts[0].tokenized(encoder, part) for part in (found.calibration, found.held_out))


def jacobian(scripts: Any, encoder: Encoder, tokens: list[np.ndarray], name: str) -> np.ndarray:
    """∂ of all vectors' elements by one matrix, by first derivatives alone: (texts · hidden, elements)."""
    model = scripts[1].TorchEncoder(encoder, [name])
    weight = model.weights[name]
    outputs = model.vectors(tokens).reshape(-1)
    rows = [torch.autograd.grad(y, weight, retain_graph=True)[0].reshape(-1).numpy() for y in outputs]
    return np.array(rows, dtype=np.float64)


def test_tables_and_pictures_are_written(folder: Path) -> None:
    # Catches: a question that is no longer asked, a picture that is drawn but not kept, a file left half written.
    written = {path.name for path in (folder / "out").iterdir()}
    assert written == {f"{name}.csv" for name in TABLES} | {f"{name}.png" for name in PICTURES}
    told = (folder / "told").read_text(encoding="utf-8")
    assert told.count("### ") == 6
    assert "nan" not in told


def test_torch_s_encoder_is_the_other_one(folder: Path, scripts: Any) -> None:
    # Catches: another normalization or softmax, texts in another order, a contrast of the wrong pairs. float32 sums of
    # some 64 terms: 1e-5.
    encoder, calibration, _ = corpus(folder, scripts)
    model = scripts[1].TorchEncoder(encoder, scripts[1].linear_names(encoder.weights))
    theirs = encoder.embed(calibration.all)
    assert np.allclose(model.vectors(calibration.all).detach().numpy(), theirs, atol=1e-5)
    assert len(model.weights) == 6 * task_models.LAYERS
    pairs = len(calibration.queries)
    ours = scripts[1].contrast_loss(model, calibration.queries, calibration.documents, 0.05).item()
    similarity = (theirs[:pairs] @ theirs[pairs : 2 * pairs].T).astype(np.float64) / 0.05
    wanted = -np.mean(np.log(np.exp(np.diagonal(similarity)) / np.exp(similarity).sum(axis=1)))
    assert ours == pytest.approx(wanted, rel=1e-4)
    each = scripts[1].contrast_of(theirs[:pairs], theirs[pairs : 2 * pairs], 0.05)
    assert each.mean() == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("name", [KEY, DOWN])
def test_traces_eigenvalues_and_quadratic_forms_are_those_of_the_jacobian(
    folder: Path, scripts: Any, name: str
) -> None:
    # At its minimum the Hessian of the drift is JᵀJ over the number of texts. Catches: traces of another layer, texts
    # or scale, a point that is no minimum, a finite difference that is not divided by its square.
    encoder, calibration, _ = corpus(folder, scripts)
    row = table(folder, "traces").set_index("matrix").loc[name]
    j = jacobian(scripts, encoder, calibration.all, name)
    wanted = (j * j).sum() / len(calibration.all)
    assert abs(row["drift_trace"] - wanted) < 5 * row["drift_trace_error"]
    assert row["drift_trace_error"] < 0.5 * wanted
    few = jacobian(scripts, encoder, [*calibration.documents, *calibration.sentences][:8], name)
    top = np.linalg.svd(few, compute_uv=False)[0] ** 2 / 8
    # Ten steps of Lanczos' process reach it within the residual, from below; float32 products.
    assert row["eigenvalue"] == pytest.approx(top, abs=row["residual"] + 1e-3 * top)
    own = table(folder, "damage").set_index(["matrix", "scheme"])
    lost = hu.fake_quantize(encoder.weights[name], INT4).astype(np.float64) - encoder.weights[name]
    form = ((j @ lost.reshape(-1)) ** 2).sum() / (2 * len(calibration.all))
    # A step of an eighth of a 4-bit error: third derivatives tell some percent.
    assert own.loc[(name, INT4), "quadratic"] == pytest.approx(form, rel=0.1)
    omega = row["drift_trace"] / encoder.weights[name].size * (lost**2).sum()
    assert own.loc[(name, INT4), "omega"] == pytest.approx(omega, rel=1e-4)


def test_damage_is_that_of_the_model_with_one_layer_quantized(folder: Path, scripts: Any) -> None:
    # Catches: texts of the traces, a layer that stays quantized, groups along the outputs.
    encoder, calibration, held_out = corpus(folder, scripts)
    rows = table(folder, "damage").set_index(["matrix", "scheme"])
    assert len(rows) == 6 * task_models.LAYERS * 4
    changed = hu.fake_quantize(encoder.weights[DOWN], INT2)
    before, after = encoder.embed(held_out.all), encoder.embed(held_out.all, {DOWN: changed})
    drift = 1 - np.einsum("ij,ij->i", before.astype(np.float64), after.astype(np.float64))
    found = rows.loc[(DOWN, INT2)]
    # Vectors have length 1 within 1e-7.
    assert found["drift"] == pytest.approx(drift.mean(), rel=1e-4, abs=1e-6)
    assert found["drift_error"] == pytest.approx(drift.std(ddof=1) / np.sqrt(len(drift)), rel=1e-3)
    lost = (changed.astype(np.float64) - encoder.weights[DOWN]).T
    assert found["squared_error"] == pytest.approx((lost**2).sum(), rel=1e-5)
    outputs: list[np.ndarray] = []
    encoder.observe(
        calibration.all, lambda names, x: outputs.append(x.astype(np.float64) @ lost) if names == (DOWN,) else None
    )
    assert found["output_error"] == pytest.approx((np.concatenate(outputs) ** 2).sum(axis=1).mean(), rel=1e-5)


def test_first_order_terms_are_slopes(folder: Path, scripts: Any) -> None:
    # Central differences over an eighth of a 4-bit error, with float32's rounding of cosines over 0.05: 1e-5 / t.
    # Catches: gradients of other texts, of the drift, at other weights.
    encoder, calibration, held_out = corpus(folder, scripts)
    rows = table(folder, "damage").set_index(["matrix", "scheme"])
    step = (hu.fake_quantize(encoder.weights[DOWN], INT4) - encoder.weights[DOWN]) / 8
    for tokens, column in ((held_out, "gradient_own"), (calibration, "gradient_other")):
        pairs = len(tokens.queries)
        losses = []
        for sign in (1, -1):
            vectors = encoder.embed([*tokens.queries, *tokens.documents], {DOWN: encoder.weights[DOWN] + sign * step})
            losses.append(scripts[1].contrast_of(vectors[:pairs], vectors[pairs:], 0.05).mean())
        assert rows.loc[(DOWN, INT4), column] == pytest.approx(4 * (losses[0] - losses[1]), rel=0.05, abs=2e-4)


def test_correlations_are_scipy_s(folder: Path) -> None:
    # Catches: ranks of another axis, ties broken, a mean over matrices in place of schemes.
    damage, rows = table(folder, "damage"), table(folder, "correlations")
    plain = rows[(rows["damage"] == "drift") & ~rows["within_kinds"]].set_index(["schemes", "predictor"])
    each = []
    for scheme, of in damage.groupby("scheme", sort=False):
        each.append(stats.spearmanr(of["omega"], of["drift"]).statistic)
        assert plain.loc[(scheme, "omega"), "rho"] == pytest.approx(each[-1], abs=1e-5)
    all_of = plain.loc[("all", "omega")]
    assert all_of["rho"] == pytest.approx(np.mean(each), abs=1e-5)
    assert all_of["low"] <= all_of["rho"] <= all_of["high"]
    assert plain["rho"].between(-1, 1).all()
    ahead = plain.loc[("all", "omega"), "rho"] - plain.loc[("all", "squared_error"), "rho"]
    assert plain.loc[("all", "squared_error"), "hawq_v2_ahead"] == pytest.approx(ahead, abs=2e-5)


def test_allocations_keep_their_budgets(folder: Path) -> None:
    # Catches: choices of a predictor that tells no schemes apart, bits of some layers that do not count.
    rows = table(folder, "allocations")
    chosen = rows[rows["predictor"] != "one for all"]
    assert (chosen["size"] <= chosen["budget"] + 1e-9).all()
    assert chosen["optimal"].all()
    assert set(chosen["predictor"]) >= {"squared_error", "omega", "quadratic", "drift"}
    assert "mean_trace" not in set(chosen["predictor"])


def test_mantissa_bits_are_cut_off_and_rounded(folder: Path) -> None:
    # The losses of the task's own decoder with masked bits. Catches: rounding in place of cutting, a mantissa bit too
    # many, windows of other texts, norms' weights that are rounded too.
    rows = table(folder, "logits")
    decoder = Decoder(folder / "model.gguf")
    tokens = decoder.tokens((folder / "text").read_text(encoding="utf-8"))
    pieces = tokens[: len(tokens) // 16 * 16].reshape(-1, 16)
    mask = np.uint32(0xFFFFFFFF) << np.uint32(23 - 3)
    cut = {n: (a.view(np.uint32) & mask).view(np.float32) for n, a in decoder.weights.items() if a.ndim > 1}
    stored, masked = decoder.score(pieces), decoder.score(pieces, cut)
    for found, wanted in (
        (rows[rows["mantissa"].isna()], stored),
        (rows[(rows["mantissa"] == 3) & (rows["rounding"] == "toward_zero")], masked),
    ):
        assert len(found) == 4  # two windows, two boxes
        every = wanted.loss.mean(axis=1)
        for loss in found["loss"]:
            assert np.abs(every - loss).min() < 1e-4  # float32 sums, in another order
    nearest = rows[(rows["mantissa"] == 3) & (rows["rounding"] == "nearest_ties_to_even")]
    assert not np.isclose(nearest["loss"].to_numpy()[0], masked.loss.mean(axis=1), atol=1e-4).any()
    # Shrunk alike, and cut off and grown: the mean of least-squares factors over matrices.
    factors = [np.vdot(cut[n], decoder.weights[n]) / np.vdot(decoder.weights[n], decoder.weights[n]) for n in cut]
    for kind, arrays in (
        ("shrunk", {n: decoder.weights[n] * np.float32(np.mean(factors)) for n in cut}),
        ("cut off and grown", {n: a / np.float32(np.mean(factors)) for n, a in cut.items()}),
    ):
        every = decoder.score(pieces, arrays).loss.mean(axis=1)
        for loss in rows[rows["rounding"] == kind]["loss"]:
            assert np.abs(every - loss).min() < 1e-4
    wide = rows.pivot_table(index=["mantissa", "rounding", "window"], columns="epsilon", values="sharpness")
    # Near 0 the largest loss grows with the box, and the sharpness with it.
    assert (wide[1e-3] > 1.9 * wide[5e-4]).all()


def test_tails_are_scipy_s_before_and_after_a_rotation(folder: Path) -> None:
    # Catches: rotations along the outputs, kurtosis that is not the excess, inputs of another layer.
    rows = table(folder, "tails").set_index(["model", "what", "name"]).sort_index()
    decoder = Decoder(folder / "model.gguf")
    weight = decoder.weights["blk.1.ffn_down.weight"].astype(np.float64)
    found = rows.loc[("decoder", "weight", "blk.1.ffn_down.weight")]
    assert found["kurtosis"] == pytest.approx(stats.kurtosis(weight, axis=None), rel=1e-4)
    turned = weight @ hu.methods.hadamard_matrix(40) / np.sqrt(40)
    assert found["kurtosis_rotated"] == pytest.approx(stats.kurtosis(turned, axis=None), rel=1e-4)
    tokens = decoder.tokens((folder / "text").read_text(encoding="utf-8"))
    pieces = tokens[: len(tokens) // 16 * 16].reshape(-1, 16)
    kurtoses = []
    for piece in pieces:  # the first one or another is the window chosen
        x = decoder.weights["token_embd.weight"][piece].astype(np.float64)
        x = x / np.sqrt((x * x).mean(axis=1, keepdims=True) + 1e-3) * decoder.weights["blk.0.attn_norm.weight"]
        kurtoses.append(stats.kurtosis(x, axis=None))
    first = rows.loc[("decoder", "input", "blk.0.attn_q.weight"), "kurtosis"]
    assert np.abs(np.array(kurtoses) - first).min() < 1e-4 * (3 + abs(first))
    # One input for queries, keys and values, one for gate and up.
    assert len(rows.loc[("decoder", "input")]) == 4 * task_models.LLAMA_LAYERS
    assert len(rows.loc[("encoder", "input")]) == 4 * task_models.LAYERS


def test_what_is_kept_is_found_again(folder: Path) -> None:
    # Catches: parts that are measured anew on every run, files named by something that changes.
    before = {path: path.stat().st_mtime_ns for path in (folder / "results").iterdir()}
    tables = {name: (folder / "out" / f"{name}.csv").read_bytes() for name in TABLES}
    lost = next(path for path in sorted(before) if path.name.startswith("damage"))
    lost.unlink()  # as if the run had been ended there
    quick_run(folder)
    after = {path: path.stat().st_mtime_ns for path in (folder / "results").iterdir()}
    assert {path for path in before if after[path] != before[path]} == {lost}
    assert set(after) == set(before)
    assert {name: (folder / "out" / f"{name}.csv").read_bytes() for name in TABLES} == tables


def test_quick_numbers_stay_out_of_the_readme() -> None:
    # Catches: a quick look that replaces the committed numbers.
    before = (FOLDER / "README.md").read_bytes()
    done = subprocess.run([sys.executable, FOLDER / "run.py", "--quick"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--output" in done.stderr
    assert (FOLDER / "README.md").read_bytes() == before


@pytest.mark.slow
def test_committed_rows_are_those_of_the_published_encoder(scripts: Any) -> None:
    """Two layers of it: damage by the encoder itself, traces from first derivatives along random signs of the outputs,
    E‖Jᵀu‖² = tr J Jᵀ."""
    # Catches: committed numbers of other texts, of other weights or of an older scheme.
    import tomllib

    config = tomllib.loads((FOLDER / "config.toml").read_text(encoding="utf-8"))
    try:
        encoder = Encoder()
        found = scripts[0].read(config, WORDNET)
    except (ModuleNotFoundError, FileNotFoundError) as error:
        pytest.skip(str(error))  # the model's package or WordNet, which tools/setup --tests installs
    calibration, held_out = (scripts[0].tokenized(encoder, part) for part in (found.calibration, found.held_out))
    names = [KEY, "encoder.layer.5.output.dense.weight"]
    rows = pandas.read_csv(FOLDER / "damage.csv").set_index(["matrix", "scheme"])
    traces = pandas.read_csv(FOLDER / "traces.csv").set_index("matrix")
    before = encoder.embed(held_out.all).astype(np.float64)
    for name in names:
        after = encoder.embed(held_out.all, {name: hu.fake_quantize(encoder.weights[name], INT2)})
        drift = 1 - np.einsum("ij,ij->i", before, after.astype(np.float64))
        assert rows.loc[(name, INT2), "drift"] == pytest.approx(drift.mean(), rel=0.01)
    model = scripts[1].TorchEncoder(encoder, names)
    outputs = model.vectors(calibration.all)
    rng = np.random.default_rng(0)
    samples = []
    for _ in range(24):
        signs = torch.tensor(rng.choice([-1.0, 1.0], size=tuple(outputs.shape)), dtype=torch.float32)
        along = torch.autograd.grad((outputs * signs).sum(), [model.weights[n] for n in names], retain_graph=True)
        samples.append([float((g.double() ** 2).sum()) / len(calibration.all) for g in along])
    means, errors = np.mean(samples, axis=0), np.std(samples, axis=0, ddof=1) / np.sqrt(len(samples))
    for name, mean, error in zip(names, means, errors, strict=True):
        row = traces.loc[name]
        # Two estimates, each with its own error.
        assert abs(row["drift_trace"] - mean) < 5 * np.hypot(row["drift_trace_error"], error)
