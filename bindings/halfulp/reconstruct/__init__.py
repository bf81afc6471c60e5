"""Error reconstruction: a low-rank correction A B of what quantization or pruning did to a weight, W about Wq + A B.

In y = x W the weight is (in, out), A (in, rank), B (rank, out). Every function returns a :class:`Reconstruction`, which
unpacks as ``A, B``. They differ in the norm under which A B is the best correction:

- ``zeroquant_v2``: plain. ``lqer``, ``qera_approx``, ``slim``, ``asvd``, ``fwsvd``: a weight for each input channel.
- ``qera_exact``, ``eora``, ``svd_llm``: the error of the output, by the inputs' second moment (:class:`Covariance`).
- ``loftq``, ``lq_lora``, ``caldera``, ``svdquant``: quantized part and correction in turns.
- ``saes_svd``: errors of earlier layers too. ``uniql``: value and output projections together. ``int21``: where
  training begins. ``within_budget``: scheme and rank for so many bits a weight.
"""

from halfulp.reconstruct._inputs import Options
from halfulp.reconstruct._result import Reconstruction
from halfulp.reconstruct.alternating import caldera, loftq, lq_lora, svdquant
from halfulp.reconstruct.budget import Budgeted, Candidate, within_budget
from halfulp.reconstruct.closed_form import (
    asvd,
    eora,
    fwsvd,
    int21,
    lqer,
    qera_approx,
    qera_exact,
    slim,
    svd_llm,
    zeroquant_v2,
)
from halfulp.reconstruct.covariance import Covariance
from halfulp.reconstruct.joint import saes_svd, uniql

__all__ = [
    "Budgeted",
    "Candidate",
    "Covariance",
    "Options",
    "Reconstruction",
    "asvd",
    "caldera",
    "eora",
    "fwsvd",
    "int21",
    "loftq",
    "lq_lora",
    "lqer",
    "qera_approx",
    "qera_exact",
    "saes_svd",
    "slim",
    "svd_llm",
    "svdquant",
    "uniql",
    "within_budget",
    "zeroquant_v2",
]
