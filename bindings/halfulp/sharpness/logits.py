"""Sharpness over a model's logits: the largest loss in a box around them, in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp._arrays import carried
from halfulp._runs import real

_CHUNK = 1 << 22  # logits looked at together
_LARGEST = 1e150  # of logits and of epsilon: the box stays within float64


@dataclass(frozen=True, eq=False)
class LogitSharpness:
    """value: the mean over tokens of 100 (maximum - loss) / (1 + loss), in percent. standard_error: of that mean, from
    the spread over tokens; nan for one token. of_mean_loss: the same quotient of the mean maximum and the mean loss,
    Keskar's form for the mean loss as one function of all logits. loss, maximum: means over tokens, in nats. per_token:
    float64, the shape of targets. epsilon: of the box. tokens: how many."""

    value: float
    standard_error: float
    of_mean_loss: float
    loss: float
    maximum: float
    per_token: np.ndarray
    epsilon: float
    tokens: int

    def __float__(self) -> float:
        return self.value


def logit_box_maximum(logits: Any, targets: Any, epsilon: float = 1e-3) -> tuple[np.ndarray, np.ndarray]:
    """(loss, maximum) of each token: the cross-entropy in nats, and the largest it can be for logits within
    epsilon (magnitude + 1) of those given, each on its own (Keskar's box).

    The loss rises with every logit but the target's, so its maximum is at one corner: all logits up by their share of
    the box, the target's down. Arguments and errors as of :func:`logit_sharpness`.
    """
    z, t, shape = _checked(logits, targets)
    reach = real("epsilon", epsilon, 0.0, _LARGEST)
    loss, maximum = np.empty(len(t)), np.empty(len(t))
    rows = max(1, _CHUNK // z.shape[1])
    for first in range(0, len(t), rows):
        part = z[first : first + rows].astype(np.float64)
        if not (np.abs(part) <= _LARGEST).all():
            row, column = (int(i) for i in np.argwhere(~(np.abs(part) <= _LARGEST))[0])
            raise ValueError(
                f"logits holds {part[row, column]} at token {first + row}, entry {column}, allowed: finite numbers of "
                f"at most {_LARGEST:g} in size"
            )
        own = (np.arange(len(part)), t[first : first + rows])
        loss[first : first + rows] = _cross_entropy(part, own)
        moved = part + reach * (np.abs(part) + 1)
        moved[own] = part[own] - reach * (np.abs(part[own]) + 1)
        maximum[first : first + rows] = _cross_entropy(moved, own)
    return loss.reshape(shape), maximum.reshape(shape)


def logit_sharpness(logits: Any, targets: Any, epsilon: float = 1e-3) -> LogitSharpness:
    """Sharpness in the space of logits, after "To FP8 and Back Again" (arXiv 2405.18710): Keskar's
    100 (max f - f) / (1 + f), where f is the cross-entropy of one token and the maximum is over the box
    epsilon (magnitude + 1) around each of its logits. One evaluation of the model is enough, and the maximum has a
    closed form, so nothing is searched for.

    logits: (..., vocabulary), floats, before the softmax. targets: integers of shape (...), the right entry of each
    token. The paper looks at the last token of a sequence: pass logits[:, -1] and its target; here every token passed
    counts. epsilon: half the box; its value in the paper was not read, 1e-3 is Keskar's. Raises ValueError for shapes
    that do not fit, targets outside the vocabulary, NaN and infinities.
    """
    loss, maximum = logit_box_maximum(logits, targets, epsilon)
    per_token = 100 * (maximum - loss) / (1 + loss)
    count = per_token.size
    spread = float(per_token.std(ddof=1)) / count**0.5 if count > 1 else float("nan")
    mean_loss, mean_maximum = float(loss.mean()), float(maximum.mean())
    return LogitSharpness(
        value=float(per_token.mean()),
        standard_error=spread,
        of_mean_loss=100 * (mean_maximum - mean_loss) / (1 + mean_loss),
        loss=mean_loss,
        maximum=mean_maximum,
        per_token=per_token,
        epsilon=float(epsilon),
        tokens=count,
    )


def _cross_entropy(z: np.ndarray, own: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """log(1 + Σ_{j≠t} exp(z_j - z_t)): no cancellation where the target has nearly all of the probability."""
    d = z - z[own][:, None]
    d[own] = -np.inf
    top = np.maximum(d.max(axis=1), 0.0)
    rest = np.exp(d - top[:, None]).sum(axis=1)
    out: np.ndarray = np.where(top > 0, top + np.log(np.exp(-top) + rest), np.log1p(rest))
    return out


def _checked(logits: Any, targets: Any) -> tuple[np.ndarray, np.ndarray, tuple[int, ...]]:
    given = carried("logits", logits)
    shape = given.shape
    if len(shape) < 1 or shape[-1] < 2 or 0 in shape:
        raise ValueError(f"logits has shape {shape}, allowed: (..., vocabulary), at least one token and two entries")
    if hasattr(targets, "detach"):
        targets = targets.detach().cpu().numpy()
    t = np.asarray(targets)
    if t.dtype.kind not in "iu":
        raise TypeError(f"targets has dtype {t.dtype}, allowed: integers")
    if t.shape != shape[:-1]:
        raise ValueError(f"targets has shape {t.shape}, allowed: {shape[:-1]}, as logits has tokens")
    wrong = (t < 0) | (t >= shape[-1])
    if wrong.any():
        place = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(f"targets{list(place)} is {t[place]}, allowed: 0 to {shape[-1] - 1}")
    return given.widened.reshape(-1, shape[-1]), t.reshape(-1).astype(np.int64), t.shape
