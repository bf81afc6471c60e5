"""End tasks: what quantized weights do to real models.

``evaluate("embedding", "mxfp4 nvfp4")`` runs a sentence encoder with quantized weights on real text,
``"stored_embedding"`` stores its vectors in few bits, ``"language_model"`` takes the perplexity of a small decoder.
Every number has a 95 % interval and is paired with the model as it is stored. Models come from installed Python
packages, texts from installed Debian packages: nothing is downloaded. Needs pip install 'halfulp[tasks]'.
"""

from halfulp.tasks.embedding import Encoder
from halfulp.tasks.embedding_task import Embedding
from halfulp.tasks.evaluation import COLUMNS, METRICS, evaluate
from halfulp.tasks.language_model import Decoder
from halfulp.tasks.language_task import LanguageModel
from halfulp.tasks.stored_task import StoredEmbedding
from halfulp.tasks.task import REFERENCE

__all__ = [
    "COLUMNS",
    "METRICS",
    "REFERENCE",
    "Decoder",
    "Embedding",
    "Encoder",
    "LanguageModel",
    "StoredEmbedding",
    "evaluate",
]
