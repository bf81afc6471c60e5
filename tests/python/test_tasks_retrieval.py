"""The end tasks' parts that need no model: WordNet, the choice of texts, retrieval quality, intervals."""

from pathlib import Path

import numpy as np
import pytest
from halfulp.tasks import randomness
from halfulp.tasks.intervals import REPLICATES, Bootstrap
from halfulp.tasks.retrieval import Relevant, measures, overlap, quality
from halfulp.tasks.similarity import cosines, rank_correlation
from halfulp.tasks.texts import Sizes, choose
from halfulp.tasks.wordnet import FOLDER, read_synsets
from task_models import write_wordnet

needs_wordnet = pytest.mark.skipif(
    not (Path(FOLDER) / "data.noun").exists(), reason="Debian's package wordnet-base is not installed"
)


def test_a_synset_is_words_definition_and_examples(tmp_path: Path):
    # Catches: hexadecimal counts read as decimal; lex ids or pointers among the words; a marker or underscore left;
    # a definition cut at its own semicolon; the quotes of a definition taken for an example.
    write_wordnet(tmp_path)
    words = " ".join(f"w_{i} {i % 10}" for i in range(11))
    lines = [
        f'00001740 03 n 0b {words} 001 ~ 00001930 n 0000 | like "this"; and more; "one of it"; "two"- Someone  ',
        "00001930 00 a 01 awake(p) 0 000 | not asleep;  ",
    ]
    (tmp_path / "data.noun").write_text("  1 license\n" + "\n".join(lines) + "\n", encoding="utf-8")
    first, second = read_synsets(tmp_path)[:2]
    assert first.words == tuple(f"w {i}" for i in range(11))
    assert first.definition == 'like "this"; and more'
    assert first.examples == ("one of it", "two")
    assert (second.words, second.definition, second.examples) == (("awake",), "not asleep", ())


def test_what_is_no_wordnet_says_so(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="wordnet-base"):
        read_synsets(tmp_path / "nowhere")
    write_wordnet(tmp_path)
    for text in ("00001740 03 n zz entity 0 000 | gloss\n", "00001740 03 n 01 entity 0 000\n", "\n"):
        (tmp_path / "data.verb").write_text("  1 license\n" + text, encoding="utf-8")
        with pytest.raises(ValueError, match=r"data\.verb, line 2 is not a WordNet synset"):
            read_synsets(tmp_path)
    (tmp_path / "data.verb").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="not UTF-8"):
        read_synsets(tmp_path)


def test_texts_are_chosen_by_the_seed_alone_and_sets_are_nested(tmp_path: Path):
    # Catches: a choice by place in the file; sizes that change the order; queries without a relevant document; the
    # second sense of a word not counted as relevant.
    write_wordnet(tmp_path)
    small, large = choose(Sizes(20, 10, 5, 7), tmp_path), choose(Sizes(60, 30, 40, 7), tmp_path)
    assert small.lookup.documents == large.lookup.documents[:20]
    assert small.lookup.queries == large.lookup.queries[:10]
    assert small.sentences == large.sentences[:5]
    assert small.lookup.documents != choose(Sizes(20, 10, 5, 8), tmp_path).lookup.documents
    assert len(set(large.lookup.documents)) == 60
    assert all(len(sentence.split()) >= 5 for sentence in large.sentences)
    by_definition = {s.definition: {w.lower() for w in s.words} for s in read_synsets(tmp_path)}
    lookup = large.lookup
    expected = {
        (q, d)
        for q, word in enumerate(lookup.queries)
        for d, text in enumerate(lookup.documents)
        if word in by_definition[text]
    }
    assert set(zip(lookup.relevant.query.tolist(), lookup.relevant.document.tolist(), strict=True)) == expected
    assert len(expected) > 60, "no headword has a second sense, or stands second, here"


def test_more_texts_than_there_are(tmp_path: Path):
    # Catches: two documents with one text, which no ranking can tell apart.
    lines = (write_wordnet(tmp_path) / "data.adv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "data.adv").write_text("\n".join([*lines, lines[-1].replace("word", "twin", 1)]), encoding="utf-8")
    assert len(read_synsets(tmp_path)) == 81
    for sizes, name in (
        (Sizes(81, 5, 3, 0), "documents is 81, allowed: at most 80"),
        (Sizes(10, 11, 3, 0), "queries is 11"),
    ):
        with pytest.raises(ValueError, match=name):
            choose(sizes, tmp_path)
    with pytest.raises(ValueError, match="sentences is 90, allowed: at most 80"):
        choose(Sizes(10, 5, 90, 0), tmp_path)


@needs_wordnet
def test_the_installed_wordnet():
    # Catches: a parser that loses lines: 117,659 is the number of synsets that WordNet 3.0 states in wnstats(7WN).
    synsets = read_synsets()
    assert len(synsets) == 117_659
    assert all(s.words and s.words[0].strip() for s in synsets)
    assert sum(bool(s.definition) for s in synsets) > 117_600
    assert sum(len(s.examples) for s in synsets) > 45_000
    entity = synsets[0]
    assert entity.words == ("entity",)
    assert entity.definition.startswith("that which is perceived")


def brute_quality(queries: np.ndarray, documents: np.ndarray, relevant: list[set[int]]):
    """nDCG@10 and recall@10 by sorting, relevant documents last among equals."""
    ndcg, recall = [], []
    for vector, wanted in zip(queries, relevant, strict=True):
        scores = documents @ vector
        ranking = sorted(range(len(documents)), key=lambda d: (-scores[d], d in wanted))
        gains = [1 / np.log2(place + 2) for place, d in enumerate(ranking[:10]) if d in wanted]
        ideal = sum(1 / np.log2(place + 2) for place in range(min(10, len(wanted))))
        ndcg.append(sum(gains) / ideal)
        recall.append(len(gains) / len(wanted))
    return np.array(ndcg), np.array(recall)


@pytest.mark.parametrize("block", [1, 170, 10_000])
def test_retrieval_quality_is_what_sorting_gives(monkeypatch: pytest.MonkeyPatch, block: int):
    # Catches: ranks from 0; the ideal for one relevant document where there are more; ties that help; a wrong slice of
    # the queries in a second block.
    monkeypatch.setattr("halfulp.tasks.retrieval._BLOCK", block)
    rng = np.random.default_rng(3)
    queries, documents = (
        rng.integers(-3, 4, (40, 3)).astype(np.float32),
        rng.integers(-3, 4, (85, 3)).astype(np.float32),
    )
    wanted = [set(rng.choice(85, size=rng.integers(1, 14), replace=False).tolist()) for _ in range(40)]
    pairs = np.array([(q, d) for q, s in enumerate(wanted) for d in sorted(s)])
    relevant = Relevant(pairs[:, 0], pairs[:, 1], 40)
    found = quality(queries, documents, relevant)
    ndcg, recall = brute_quality(queries, documents, wanted)
    np.testing.assert_allclose(found.ndcg, ndcg, rtol=1e-12)
    np.testing.assert_allclose(found.recall, recall, rtol=1e-12)
    scores = queries @ documents.T
    tenth = np.sort(scores, axis=1)[:, -10]
    assert (np.take_along_axis(scores, found.found, 1) >= tenth[:, None]).all()


def test_a_model_that_tells_nothing_apart_finds_nothing():
    # Catches: equal similarities ranked by place, which favours the documents that queries were chosen from.
    relevant = Relevant(np.arange(5), np.arange(5), 5)
    found = quality(np.ones((5, 4), dtype=np.float32), np.ones((30, 4), dtype=np.float32), relevant)
    assert found.ndcg.sum() == found.recall.sum() == 0


def test_differences_are_paired():
    # Catches: intervals of two means put side by side, which here would be 20 times as wide; a loss by the wrong sign.
    rng = np.random.default_rng(1)
    queries, documents = rng.normal(size=(300, 8)), rng.normal(size=(300, 8))
    relevant = Relevant(np.arange(300), np.arange(300), 300)
    reference = quality(queries, documents + queries, relevant)
    here = reference._replace(ndcg=np.clip(reference.ndcg - 0.01, 0, None))
    table = {m.metric: m for m in measures(here, reference, Bootstrap(300, 0))}
    own, difference, loss = table["ndcg@10"], table["ndcg@10_difference"], table["ndcg@10_loss"]
    assert -0.011 < difference.low <= difference.value <= difference.high < 0
    assert own.high - own.low > 20 * (difference.high - difference.low)
    assert loss.value == pytest.approx(-difference.value / reference.ndcg.mean())
    assert loss.low < loss.value < loss.high
    assert table["recall@10_loss"][1:4] == (0, 0, 0)
    kept = overlap(reference._replace(found=reference.found + 10_000), reference, Bootstrap(300, 0))
    assert (kept.value, overlap(reference, reference, Bootstrap(300, 0)).value) == (0, 1)


def test_bootstrap_samples_are_uniform_and_of_the_seed():
    # Catches: indices beyond the end; replicates that repeat each other; NumPy's own generator, which may change.
    found = randomness.resamples(7, 1000, 1)
    assert found.shape == (1000, 7)
    counts = np.bincount(found.ravel(), minlength=7)
    assert len(counts) == 7
    assert (abs(counts - 1000) < 150).all()
    assert np.array_equal(found, randomness.resamples(7, 1000, 1))
    assert not np.array_equal(found, randomness.resamples(7, 1000, 2))
    # Random123's known answer for counter and key 0: 6627e8d5 e169c58d bc57ac4c 9b00dbd8.
    assert randomness.order(4, 0, 0).tolist() == [0, 3, 2, 1]
    assert Bootstrap(7, 1).weights().sum(axis=1).tolist() == [7] * REPLICATES


def test_intervals_cover_the_truth_as_often_as_they_say():
    # Catches: an interval of the values instead of their mean; 90 % or 99 % for 95 %.
    rng = np.random.default_rng(2)
    hits = 0
    for seed in range(300):
        m = Bootstrap(60, seed).measure("x", rng.exponential(size=60))
        hits += m.low <= 1 <= m.high
    assert 0.88 < hits / 300 < 0.98  # 0.925 expected: percentile intervals of skewed data are a little short


def test_rank_correlation_against_scipy():
    # Catches: Pearson instead of Spearman; ties by order; pairs counted twice or with themselves.
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(4)
    a = rng.normal(size=(30, 5))
    for b in (a + rng.normal(size=a.shape), np.round(a), a**3):
        first, second = np.triu_indices(30, k=1)
        expected = stats.spearmanr((a @ a.T)[first, second], (b @ b.T)[first, second]).statistic
        found = rank_correlation(a, b, Bootstrap(30, 0))
        assert found.value == pytest.approx(expected, abs=1e-12)
        assert found.low < found.value < found.high <= 1
    assert np.isnan(rank_correlation(a, np.ones((30, 5)), Bootstrap(30, 0)).value)


def test_rank_correlation_resamples_rows_and_ranks_them_anew():
    # Catches: pairs resampled one by one, whose interval would be far too short; weights of a pair that are a sum.
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(5)
    a = rng.normal(size=(12, 3))
    b = a + 0.5 * rng.normal(size=a.shape)
    bootstrap = Bootstrap(12, 3)
    replicates = []
    for counts in bootstrap.weights():
        rows = np.repeat(np.arange(12), counts.astype(int))
        i, j = (m.ravel() for m in np.meshgrid(rows, rows))
        apart = i < j  # each pair of different rows as often as the product of their counts
        replicates.append(stats.spearmanr((a @ a.T)[i[apart], j[apart]], (b @ b.T)[i[apart], j[apart]]).statistic)
    found = rank_correlation(a, b, bootstrap)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(replicates, [0.025, 0.975])), abs=1e-12)


def test_cosines():
    a = np.array([[3.0, 4.0], [1.0, 0.0], [0.0, 0.0]])
    assert cosines(a, np.array([[4.0, 3.0], [-2.0, 0.0], [1.0, 1.0]])).tolist() == pytest.approx([0.96, -1, 0])
