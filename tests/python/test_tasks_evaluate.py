"""Schemes through the end tasks on small models: the table, what is kept in a folder, random bits, bad input."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pandas")
pytest.importorskip("pyarrow")
pytest.importorskip("safetensors")
pytest.importorskip("tokenizers")
pytest.importorskip("gguf")
pytest.importorskip("threadpoolctl")
import halfulp as hu
import task_models
from halfulp import tasks
from halfulp.tasks import embedding_task, language_task, quantization, stored_task
from halfulp.tasks.quantization import Rounding, quantized

SCHEMES = "mxfp4 e4m3fn/32:bfloat16 e5m2"
SR = {"rounding": "stochastic", "random_bits": 8}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tasks")
    task_models.write_encoder(folder / "encoder")
    task_models.write_wordnet(folder / "wordnet")
    task_models.write_gguf(folder / "tiny.gguf")
    (folder / "text").write_text("It was the best of times, in the worst of times. " * 20, encoding="utf-8")
    return folder


def small(home: Path, task: str, **options):
    """A task object on the small model."""
    if task == "language_model":
        usual = {"windows": 5, "length": 24, "text": home / "text", "model": home / "tiny.gguf"}
        return tasks.LanguageModel(**(usual | options))
    usual = {"documents": 40, "queries": 20, "model": home / "encoder", "wordnet": home / "wordnet"}
    if task == "embedding":
        return tasks.Embedding(**(usual | {"sentences": 12} | options))
    return tasks.StoredEmbedding(**(usual | options))


TASKS = ["embedding", "stored_embedding", "language_model"]


@pytest.mark.parametrize("task", TASKS)
def test_the_table(home: Path, task: str):
    # Catches: a metric that is not explained, intervals that miss their value, a reference that differs from itself,
    # rows in another order.
    table = tasks.evaluate(small(home, task, seed=3), SCHEMES, progress=False)
    assert list(table.columns) == list(tasks.COLUMNS)
    names = [tasks.REFERENCE, *(str(s) for s in hu.expand_schemes(SCHEMES))]
    assert list(dict.fromkeys(table["scheme"])) == names
    assert set(table["metric"]) <= set(tasks.METRICS)
    assert (table["task"] == task).all()
    assert (table["seed"] == 3).all()
    metrics = list(dict.fromkeys(table["metric"]))
    assert list(table["metric"]) == metrics * 4
    within = table[table["low"].notna()]
    assert (within["low"] <= within["value"] + 1e-12).all()
    assert (within["value"] <= within["high"] + 1e-12).all()
    assert len(within) == 4 * len([m for m in metrics if m not in ("bits_per_element", "compression")])
    values = table.pivot(index="scheme", columns="metric", values="value")
    same = {"cosine": 1, "spearman": 1, "overlap@10": 1, "agreement": 1, "perplexity_ratio": 1, "loss_difference": 0}
    same |= {f"{m}_{d}": 0 for m in ("ndcg@10", "recall@10") for d in ("difference", "loss")}
    for metric in set(metrics) & set(same):
        assert values.loc[tasks.REFERENCE, metric] == pytest.approx(same[metric], abs=1e-6)
        differs = values.loc["mxfp4", metric] != pytest.approx(same[metric], abs=1e-6)
        assert differs or metric.startswith("recall"), metric  # of so few queries none need be lost
    # Three bits of mantissa under fine scales lose less than one bit.
    better = values.loc["e4m3fn/32:bfloat16"]
    for metric in set(metrics) & {"cosine", "spearman", "agreement"}:
        assert better[metric] > values.loc["mxfp4", metric]
    assert values.loc["e5m2", "bits_per_element"] == 8
    assert all(task in note or "WordNet: 20 headwords" in note for note in table["note"]) or task == "language_model"


def test_every_language_result_says_that_the_weights_are_stored_in_few_bits(home: Path):
    # Catches: a reference that passes for full precision.
    table = tasks.evaluate(small(home, "language_model"), "mxfp4", progress=False)
    assert table["note"].str.contains("weights stored as F32 0 M already .*not full precision").all()
    bits = table[(table["metric"] == "bits_per_element") & (table["scheme"] == tasks.REFERENCE)]
    assert bits["value"].isna().all()


def test_the_weights_of_a_scheme_are_what_fake_quantize_gives(home: Path):
    # Catches: another axis, groups across rows, a vector quantized, bits without scales, the same random bits for all.
    weights = tasks.Encoder(home / "encoder").weights
    every = [name for name, array in weights.items() if array.ndim == 2]
    chosen = every[2:]
    found = quantized(weights, chosen, every, hu.scheme("e2m1fn/16:bfloat16"), Rounding())
    assert list(found.arrays) == chosen
    assert found.bits_per_element == 5
    for name, array in found.arrays.items():
        assert np.array_equal(array, hu.fake_quantize(weights[name], "e2m1fn/16:bfloat16"))
    drawn = quantized(weights, chosen, every, hu.scheme("e2m1fn"), Rounding(**SR, source=(9, 1, 0)))
    for place, name in enumerate(every):
        if name in chosen:
            expected = hu.fake_quantize(weights[name], "e2m1fn", **SR, rng=hu.Rng(9, stream=1 + place))
            assert np.array_equal(drawn.arrays[name], expected)


def test_a_schemes_rows_are_the_models_with_those_weights(home: Path):
    # Catches: documents quantized where weights are meant, a reference taken with quantized weights.
    task = small(home, "embedding", matrices="linear")
    table = tasks.evaluate(task, "e2m1fn/8:e8m0fnu", progress=False)
    value = table[(table["scheme"] != tasks.REFERENCE) & (table["metric"] == "cosine")]["value"].item()
    encoder = tasks.Encoder(home / "encoder")
    replaced = {
        name: hu.fake_quantize(array, "e2m1fn/8:e8m0fnu")
        for name, array in encoder.weights.items()
        if array.ndim == 2 and not name.startswith("embeddings.")
    }
    sentences = task._corpus.texts.sentences
    products = (encoder.embed(sentences) * encoder.embed(sentences, replaced)).sum(axis=1)
    assert value == pytest.approx(products.mean(), abs=1e-6)
    assert "12 of 15 matrices" in table["note"][0]


def test_stored_vectors_are_what_is_searched(home: Path):
    # Catches: queries quantized unasked, groups along the wrong axis, the originals searched.
    options = {"documents": 40, "queries": 20}
    encoder = tasks.Encoder(home / "encoder")
    lookup = small(home, "embedding", **options)._corpus.texts.lookup
    queries, documents = encoder.embed(lookup.queries), encoder.embed(lookup.documents)
    for both in (False, True):
        job = small(home, "stored_embedding", **options, quantize_queries=both)
        table = tasks.evaluate(job, "e2m1fn/32:bfloat16", progress=False)
        stored = hu.fake_quantize(documents, "e2m1fn/32:bfloat16")
        asked = hu.fake_quantize(queries, "e2m1fn/32:bfloat16") if both else queries
        expected = stored_task.retrieval.quality(asked, stored, lookup.relevant)
        row = table[(table["scheme"] != tasks.REFERENCE) & (table["metric"] == "ndcg@10")].iloc[0]
        assert row["value"] == pytest.approx(expected.ndcg.mean(), abs=1e-9)
        bits = table[(table["metric"] == "compression") & (table["scheme"] == row["scheme"])]["value"].item()
        assert bits == pytest.approx(32 / 4.5)
        assert ("queries stored alike" in row["note"]) == both


def test_stored_vectors_as_complex_numbers_and_as_one_axis(home: Path):
    # Catches: parts taken in turns, or vectors mixed with one another; bits of one scale in place of two; an axis that
    # flat schemes refuse.
    job = small(home, "stored_embedding")
    _, documents = job._vectors
    half = documents.shape[1] // 2
    parts = hu.fake_quantize(documents[:, :half] + 1j * documents[:, half:], f"pm1_pmi/{half}:binary32")
    stored = {
        f"pm1_pmi/{half}:binary32": (np.concatenate([parts.real, parts.imag], axis=1), 1 + 2 * 32 / (2 * half)),
        "nf4/8:binary32@flat": (hu.fake_quantize(documents, "nf4/8:binary32@flat"), 8),
    }
    table = tasks.evaluate(job, list(stored), progress=False)
    for scheme, (vectors, bits) in stored.items():
        rows = table[table["scheme"] == scheme].set_index("metric")["value"]
        assert rows["bits_per_element"] == bits
        assert rows["cosine"] == pytest.approx(stored_task.cosines(vectors, documents).mean(), abs=1e-12)
        expected = stored_task.retrieval.quality(job._vectors[0], vectors, job._corpus.texts.lookup.relevant)
        assert rows["ndcg@10"] == pytest.approx(expected.ndcg.mean(), abs=1e-9)


@pytest.mark.parametrize("task", ["embedding", "language_model"])
def test_weights_under_complex_and_affine_schemes_are_those_of_a_sweep(home: Path, task: str):
    # Catches: bits without zero points; another form than the sweep's.
    job = small(home, task)
    schemes = "pm1_pmi/4:binary16 int4/8:bfloat16@zero_point nf4/8:binary32@flat"
    if task == "language_model":  # its vocabulary has 263 words
        with pytest.raises(ValueError, match=r"under scheme pm1_pmi/4:binary16: its shape is \(263, 24\), allowed"):
            tasks.evaluate(job, schemes, progress=False)
        schemes = schemes.partition(" ")[2]
    table = tasks.evaluate(job, schemes, progress=False)
    bits = table[(table["metric"] == "bits_per_element") & (table["scheme"] != tasks.REFERENCE)]
    rng = np.random.default_rng(2)
    matrix = rng.normal(size=(12, 40)).astype(np.float32)
    swept = hu.sweep({"w": matrix}, schemes, progress=False)
    swept = swept[swept["matrix"] == "w"]
    for text, error in zip(swept["scheme"], swept["squared_error"], strict=True):
        (scheme,) = hu.expand_schemes(text)
        values, stored = quantization.quantized_matrix(matrix, scheme, Rounding(), 0)
        assert ((matrix.astype(np.float64) - values) ** 2).sum() == pytest.approx(error, rel=1e-12)
        assert stored == swept[swept["scheme"] == text]["bits_per_element"].item() * matrix.size
    assert list(bits["scheme"]) == list(swept["scheme"])
    assert (bits["value"] > 0.9).all()


@pytest.mark.parametrize("task", TASKS)
def test_rows_depend_on_the_seed_and_not_on_the_company(home: Path, task: str):
    # Catches: a bootstrap that goes on from scheme to scheme; the seed not passed on; state left in a task object.
    job = small(home, task, seed=1)
    table = tasks.evaluate(job, SCHEMES, progress=False)
    alone = tasks.evaluate(small(home, task, seed=1), "e5m2", progress=False)
    rows = table[table["scheme"].isin([tasks.REFERENCE, "e5m2"])].reset_index(drop=True)
    assert alone.equals(rows)
    assert tasks.evaluate(job, SCHEMES, progress=False).equals(table)
    other = tasks.evaluate(small(home, task, seed=2), "e5m2", progress=False)
    assert not other["value"].equals(alone["value"])


def test_random_bits_are_the_callers(home: Path):
    # Catches: a seed that is not passed on; an Rng that stands still, so that a second call repeats the first.
    job = small(home, "embedding")

    def cosine(rng):
        table = tasks.evaluate(job, "e2m1fn/32:bfloat16", rng=rng, **SR, progress=False)
        return table[table["metric"] == "cosine"]["value"].iloc[1]

    assert cosine(5) == cosine(5) == cosine(hu.Rng(5)) != cosine(6)
    rng = hu.Rng(5)
    first, second = cosine(rng), cosine(rng)
    assert first != second
    assert rng.stream == 2 * 15


@pytest.mark.parametrize("task", TASKS)
def test_results_are_kept_by_their_content(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str):
    # Catches: anything computed twice; a result found under other texts, weights, options, rounding or seed.
    results = tmp_path / "results"
    job = small(home, task)
    table = tasks.evaluate(job, "mxfp4 e5m2", results=results, progress=False)
    assert len(list(results.iterdir())) == 3
    with monkeypatch.context() as patch:
        for kind in (tasks.Embedding, tasks.StoredEmbedding, tasks.LanguageModel):
            patch.setattr(kind, "measure", lambda *_: pytest.fail("computed again"))
        again = tasks.evaluate(small(home, task), "e5m2 mxfp4", results=results, progress=False)
    for scheme in (tasks.REFERENCE, "mxfp4", "e5m2"):
        rows = [t[t["scheme"] == scheme].reset_index(drop=True) for t in (table, again)]
        assert rows[0].equals(rows[1])
    more = {"embedding": {"sentences": 11}, "stored_embedding": {"queries": 19}, "language_model": {"length": 23}}[task]
    count = 3
    for options, how in (({"seed": 1}, {}), (more, {}), ({}, {"rounding": "toward_zero"}), ({}, {**SR, "rng": 1})):
        tasks.evaluate(small(home, task, **options), "mxfp4", results=results, progress=False, **how)
        count += 2 if options else 1
        assert len(list(results.iterdir())) == count, "the reference is kept apart from the rounding"
    if task != "stored_embedding":
        chosen = small(home, task, matrices="linear")
        tasks.evaluate(chosen, "mxfp4", results=results, progress=False)
        assert len(list(results.iterdir())) == count + 2


def test_other_weights_or_texts_are_other_results(home: Path, tmp_path: Path):
    # Catches: results named by the model's path.
    results, folder, text = tmp_path / "results", tmp_path / "encoder", tmp_path / "text"
    task_models.write_encoder(folder)
    tasks.evaluate(small(home, "stored_embedding", model=folder), "mxfp4", results=results, progress=False)
    tasks.evaluate(small(home, "stored_embedding"), "mxfp4", results=results, progress=False)
    assert len(list(results.iterdir())) == 2, "the same weights elsewhere are the same"
    task_models.write_encoder(folder, task_models.bert_arrays(seed=6))
    tasks.evaluate(small(home, "stored_embedding", model=folder), "mxfp4", results=results, progress=False)
    assert len(list(results.iterdir())) == 4
    wordnet = task_models.write_wordnet(tmp_path / "wordnet")
    for file in wordnet.iterdir():
        file.write_text(file.read_text(encoding="utf-8").replace("stone", "brick"), encoding="utf-8")
    tasks.evaluate(small(home, "stored_embedding", wordnet=wordnet), "mxfp4", results=results, progress=False)
    assert len(list(results.iterdir())) == 6
    for words, count in (("a b c " * 200, 8), ("c b a " * 200, 10)):
        text.write_text(words, encoding="utf-8")
        tasks.evaluate(small(home, "language_model", text=text), "mxfp4", results=results, progress=False)
        assert len(list(results.iterdir())) == count


def test_a_damaged_result_is_told_and_an_interrupted_run_goes_on(home: Path, tmp_path: Path, monkeypatch):
    # Catches: garbage taken for a result; all lost with an interrupt; a file that holds another scheme's numbers.
    job = small(home, "stored_embedding")
    measured = []

    def measure(self, scheme, how, original=tasks.StoredEmbedding.measure):
        if scheme is not None and str(scheme) == "e5m2":
            raise KeyboardInterrupt
        measured.append(scheme)
        return original(self, scheme, how)

    with monkeypatch.context() as patch:
        patch.setattr(tasks.StoredEmbedding, "measure", measure)
        with pytest.raises(KeyboardInterrupt):
            tasks.evaluate(job, SCHEMES, results=tmp_path, progress=False)
    assert len(list(tmp_path.iterdir())) == 3, "reference and two schemes are there, and nothing half-written"
    table = tasks.evaluate(job, SCHEMES, results=tmp_path, progress=False)
    assert table.equals(tasks.evaluate(job, SCHEMES, progress=False))
    files = sorted(tmp_path.iterdir())
    good = files[0].read_bytes()
    for content, message in (
        (b"", "is not a sound result"),
        (good[:-20], "is not a sound result"),
        (files[1].read_bytes(), "is a result of something else"),
    ):
        files[0].write_bytes(content)
        with pytest.raises(ValueError, match=f"{files[0].name} {message}.*delete it"):
            tasks.evaluate(job, SCHEMES, results=tmp_path, progress=False)
    files[0].unlink()
    assert tasks.evaluate(job, SCHEMES, results=tmp_path, progress=False).equals(table)
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError, match="is not a folder"):
        tasks.evaluate(job, "mxfp4", results=tmp_path / "file", progress=False)


@pytest.mark.parametrize(
    ("task", "schemes", "options", "error", "message"),
    [
        ("embeddings", "mxfp4", {}, ValueError, "task is 'embeddings', allowed: embedding, stored_embedding"),
        (3, "mxfp4", {}, TypeError, "task is a int"),
        (tasks.Embedding(), "mxfp4", {"queries": 3}, ValueError, "queries is given beside a task object"),
        ("embedding", "mxfp4", {"windows": 3}, TypeError, "windows is no option of the task embedding"),
        ("embedding", "mxfp5", {}, ValueError, "mxfp5"),
        ("embedding", [], {}, ValueError, "schemes is empty"),
        ("embedding", "mxfp4", {"queries": 1}, ValueError, "queries is 1, allowed: 2 or more"),
        ("embedding", "mxfp4", {"documents": 2.5}, TypeError, "documents is 2.5"),
        ("embedding", "mxfp4", {"seed": -1}, ValueError, "seed is -1"),
        ("language_model", "mxfp4", {"seed": True}, TypeError, "seed is True"),
        ("language_model", "mxfp4", {"length": 1}, ValueError, "length is 1"),
        ("embedding", "mxfp4", {"rounding": "nearest"}, ValueError, "rounding is 'nearest'"),
        ("embedding", "mxfp4", {"rounding": "stochastic"}, ValueError, "no source of random bits"),
        ("embedding", "mxfp4", {"rng": 1}, ValueError, "draws no random bits"),
    ],
)
def test_wrong_arguments_fail_before_a_model_is_loaded(monkeypatch, task, schemes, options, error, message):
    # Catches: a fault that is found minutes later.
    for module, name in ((embedding_task, "Corpus"), (stored_task, "Corpus"), (language_task, "Decoder")):
        monkeypatch.setattr(module, name, lambda *_: pytest.fail("a model was loaded"))
    with pytest.raises(error, match=message):
        tasks.evaluate(task, schemes, progress=False, **options)


@pytest.mark.parametrize(
    ("task", "options", "error", "message"),
    [
        ("embedding", {"documents": 81}, ValueError, "documents is 81, allowed: at most 80"),
        ("embedding", {"matrices": "layer9.*"}, ValueError, "matrices is 'layer9"),
        ("embedding", {"wordnet": "nowhere"}, FileNotFoundError, "wordnet-base"),
        ("embedding", {"model": "nowhere"}, FileNotFoundError, "nowhere"),
        ("language_model", {"windows": 99}, ValueError, "windows is 99, allowed: at most"),
        ("language_model", {"length": 65, "windows": 2}, ValueError, "a window has 65 tokens"),
        ("language_model", {"text": "nowhere"}, FileNotFoundError, "nowhere is not there"),
        ("language_model", {"text": b"\xff\xfe"}, ValueError, "is not UTF-8 text"),
    ],
)
def test_options_that_model_or_text_do_not_allow(home: Path, tmp_path: Path, task, options, error, message):
    if isinstance(options.get("text"), bytes):
        (tmp_path / "bytes").write_bytes(options["text"])
        options = {"text": tmp_path / "bytes"}
    results = tmp_path / "results"
    with pytest.raises(error, match=message):
        tasks.evaluate(small(home, task, **options), "mxfp4", results=results, progress=False)
    assert not list(results.iterdir()), "nothing is half-written"


def test_a_bar_on_request(home: Path, capsys: pytest.CaptureFixture[str]):
    pytest.importorskip("tqdm")
    tasks.evaluate(small(home, "stored_embedding"), "mxfp4", progress=True)
    assert "2/2" in capsys.readouterr().err
    tasks.evaluate(small(home, "stored_embedding"), "mxfp4")
    assert not capsys.readouterr().err, "no terminal, no bar"


def test_missing_packages_are_named(home: Path, monkeypatch: pytest.MonkeyPatch):
    for module in ("tokenizers", "threadpoolctl"):
        with monkeypatch.context() as patch:
            patch.setitem(__import__("sys").modules, module, None)
            quantization_task = small(home, "stored_embedding")
            tasks.threads._controller.cache_clear()
            with pytest.raises(ImportError, match=rf"needs the package {module}: pip install 'halfulp\[tasks\]'"):
                tasks.evaluate(quantization_task, "mxfp4", progress=False)
    assert Rounding() == Rounding()
