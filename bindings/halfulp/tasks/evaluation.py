"""Schemes through an end task, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from halfulp._core import version
from halfulp._scheme import AnyScheme, expand_schemes
from halfulp.sweeping._extras import need
from halfulp.sweeping.progress import Bar
from halfulp.tasks.embedding_task import Embedding
from halfulp.tasks.language_task import LanguageModel
from halfulp.tasks.quantization import Rounding, source
from halfulp.tasks.store import Store
from halfulp.tasks.stored_task import StoredEmbedding
from halfulp.tasks.task import REFERENCE, Task
from halfulp.tasks.threads import one_thread_blas

if TYPE_CHECKING:
    import os

    import pandas

TASKS: dict[str, type[Embedding] | type[StoredEmbedding] | type[LanguageModel]] = {
    kind.name: kind for kind in (Embedding, StoredEmbedding, LanguageModel)
}

COLUMNS = {
    "scheme": f"the scheme, as text that halfulp.scheme() reads; {REFERENCE} is the model as it is stored",
    "task": "embedding, stored_embedding or language_model",
    "metric": "what is measured: a name in METRICS",
    "value": "its value",
    "low": "lower end of its 95 % interval by the bootstrap over samples; NaN where it has none",
    "high": "upper end",
    "samples": "queries, sentences, documents or windows that it was taken over; matrices for bits_per_element",
    "seed": "the seed that chose texts and bootstrap samples",
    "note": "model, its stored weights, and the text",
}

METRICS = {
    "bits_per_element": "bits of what is quantized, scales counted, ÷ its elements; 32 for float32, NaN for GGUF files",
    "compression": "32 ÷ bits_per_element",
    "cosine": "mean cosine between an embedding and the reference's, over sentences (stored: over documents)",
    "spearman": "rank correlation of the pairwise similarities of sentences with the reference's",
    "ndcg@10": "mean nDCG of the ten definitions nearest to each headword, relevance 0 or 1",
    "ndcg@10_difference": "ndcg@10 minus the reference's, paired by query",
    "ndcg@10_loss": "1 − ndcg@10 ÷ the reference's, paired by query: what is lost, relative",
    "recall@10": "mean share of a headword's definitions among the ten nearest",
    "recall@10_difference": "recall@10 minus the reference's, paired by query",
    "recall@10_loss": "1 − recall@10 ÷ the reference's, paired by query",
    "overlap@10": "mean share of the reference's ten nearest that are still among the ten nearest",
    "perplexity": "exp of the mean −ln probability of the text's tokens",
    "perplexity_ratio": "perplexity ÷ the reference's, paired by window",
    "loss_difference": "mean −ln probability minus the reference's, in nats per token, paired by window",
    "agreement": "share of places where the likeliest token is the reference's",
}


def evaluate(
    task: str | Task,
    schemes: Any,
    *,
    rounding: str = "nearest_ties_to_even",
    scale_rounding: str | None = None,
    random_bits: int | None = None,
    rng: Any = None,
    results: str | os.PathLike[str] | None = None,
    progress: bool | None = None,
    **options: Any,
) -> pandas.DataFrame:
    """What schemes do to an end task, as a table: COLUMNS has the columns, METRICS the metrics.

    task: "embedding", "stored_embedding" or "language_model" with options of :class:`Embedding`,
    :class:`StoredEmbedding` or :class:`LanguageModel`; or such an object, which keeps model and texts from call to
    call. schemes, rounding, scale_rounding, random_bits: as in :func:`halfulp.sweep`. rng: for stochastic rounding, a
    seed, Rng or numpy Generator; matrix i draws from stream i, as in a sweep under the same seed. Complex schemes
    (pm1_pmi/…) take matrices to their widely linear form, as a sweep does. results: a folder in
    which results are kept and found again by their content: weights, texts, scheme, options, version. progress: True
    for a bar on stderr, None for one where stderr is a terminal.

    Rows: the reference first, then each scheme. They depend on the seed, not on threads or on the other schemes; the
    last digits depend on the processor and BLAS library. Needs pip install 'halfulp[tasks]'. Raises ValueError or
    TypeError for options and schemes before anything is computed, FileNotFoundError that names the package where a
    model or text is missing.
    """
    pandas = need("pandas", "sweep", "a table of results")
    job = _task(task, options)
    wanted = expand_schemes(schemes)
    Rounding(rounding, scale_rounding, random_bits, None if rng is None else (0, 0, 0)).check(wanted)
    store = None if results is None else Store(results)
    job.prepare()
    how = Rounding(rounding, scale_rounding, random_bits, source(rng, job.streams()))
    rows = []
    every: Sequence[AnyScheme | None] = [None, *wanted]
    with one_thread_blas(), Bar(progress, len(every), unit=" schemes", desc=job.name) as bar:
        identity, note = job.identity(), job.note()
        for scheme in every:
            name = REFERENCE if scheme is None else str(scheme)
            for measure in _measures(job, scheme, how, store, identity | {"scheme": name}):
                rows.append({"scheme": name, "task": job.name, **measure._asdict(), "seed": job.seed, "note": note})
            bar.update(1)
    frame = pandas.DataFrame(rows, columns=list(COLUMNS))
    frame.attrs["halfulp"] = {"version": version, "columns": COLUMNS, "metrics": METRICS, "rounding": asdict(how)}
    return frame


def _task(task: str | Task, options: dict[str, Any]) -> Task:
    if not isinstance(task, str):
        if not isinstance(task, tuple(TASKS.values())):
            raise TypeError(
                f"task is a {type(task).__name__}, allowed: {', '.join(TASKS)}, or an object of their classes"
            )
        if options:
            raise ValueError(
                f"{next(iter(options))} is given beside a task object, allowed: among the object's own options"
            )
        return task
    if task not in TASKS:
        raise ValueError(f"task is {task!r}, allowed: {', '.join(TASKS)}")
    made = TASKS[task]
    allowed = [field.name for field in fields(made)]
    for name in options:
        if name not in allowed:
            raise TypeError(f"{name} is no option of the task {task}, allowed: {', '.join(allowed)}")
    return made(**options)


def _measures(job: Task, scheme: AnyScheme | None, how: Rounding, store: Store | None, identity: dict[str, Any]) -> Any:
    if store is None:
        return job.measure(scheme, how)
    identity |= {"rounding": {} if scheme is None else asdict(how)}
    found = store.read(identity)
    if found is None:
        found = job.measure(scheme, how)
        store.write(identity, found)
    return found
