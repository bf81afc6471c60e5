"""One trained network under one condition, measured again and again with other formats."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import techniques
from data import Digits
from networks import Network, forward, inputs_of_layers
from quantized import Rounding, rounding, with_weights


class Bench:
    """network: as binary64 computes it, whose logits are the reference."""

    def __init__(self, network: Network, digits: Digits) -> None:
        self.digits = digits
        logits = forward(network, digits.test_images)
        self.right = logits.argmax(axis=1) == digits.test_labels
        self.predicted = logits.argmax(axis=1)
        self.reference = _centred(logits)
        self.networks = {False: network}
        # All of a condition's rows share these: scales and rounded weights do not depend on each other.
        self.weights = cache(self._weights)
        self.rounding = cache(self._rounding)
        self.inputs = cache(self._inputs)

    def network(self, equalized: bool) -> Network:
        if equalized not in self.networks:
            self.networks[equalized] = techniques.equalized(self.networks[False])
        return self.networks[equalized]

    def _inputs(self, equalized: bool) -> list[np.ndarray]:
        return inputs_of_layers(self.network(equalized), self.digits.calibration_images)

    def _weights(self, scheme: str, technique: str) -> Network:
        equal = technique in ("equalized", "both")
        found = with_weights(self.network(equal), scheme) if scheme else self.network(equal)
        if technique in ("bias", "both"):
            return techniques.bias_corrected(self.network(equal), found, self.inputs(equal))
        return found

    def _rounding(self, format_name: str, rule: str, equalized: bool) -> Rounding:
        return rounding(format_name, self.inputs(equalized), rule)

    def measure(self, scheme: str, activations: str, rule: str, technique: str = "") -> tuple[dict[str, Any], Any]:
        """How many test images are right, how many change their digit, and the logits' relative squared error; and
        which images are right. scheme: of weights; activations: a format; "" for either: binary64."""
        equal = technique in ("equalized", "both")
        before = self.rounding(activations, rule, equal) if activations else None
        logits = forward(self.weights(scheme, technique), self.digits.test_images, before)
        digits = logits.argmax(axis=1)
        right = digits == self.digits.test_labels
        error = np.square(_centred(logits) - self.reference).sum() / np.square(self.reference).sum()
        changed = int((digits != self.predicted).sum())
        return {"right": int(right.sum()), "changed": changed, "logit_error": float(error)}, right


def _centred(logits: np.ndarray) -> np.ndarray:
    """Without what all classes of an image have in common, which no probability depends on."""
    return logits - logits.mean(axis=1, keepdims=True)
