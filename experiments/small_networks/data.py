"""The images: scikit-learn's digits, 1797 handwritten digits of 8×8 pixels that its package carries."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

try:
    from sklearn.datasets import load_digits
except ImportError as error:
    raise SystemExit(
        "the images come from scikit-learn, which is not installed: "
        ".venv/bin/python -m pip install scikit-learn (or '.[experiments]' in place of its name)"
    ) from error

CLASSES = 10
GREATEST = 16  # pixels are 0 to 16


@dataclass(frozen=True)
class Digits:
    """Images (count, 8, 8, 1) from 0 to 1 and the digits they show, in a training and a test part. The first
    calibration images of the training part are what scales and means are taken from."""

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray
    calibration: int

    @property
    def calibration_images(self) -> np.ndarray:
        return self.train_images[: self.calibration]


def load(train: int, calibration: int, seed: int) -> Digits:
    """A split by one shuffle: so many images to train with, all others to test. The same writers are in both parts."""
    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng([seed, 0]).permutation(len(labels))
    images = (images[order] / GREATEST).reshape(-1, 8, 8, 1)
    labels = labels[order]
    return Digits(images[:train], labels[:train], images[train:], labels[train:], calibration)


def nearest_neighbour(digits: Digits) -> np.ndarray:
    """For each test image: does the nearest training image, pixel by pixel, show the same digit?"""
    train, test = (images.reshape(len(images), -1) for images in (digits.train_images, digits.test_images))
    distances = (train**2).sum(axis=1) - 2 * test @ train.T
    return digits.train_labels[distances.argmin(axis=1)] == digits.test_labels


def least_squares(digits: Digits) -> np.ndarray:
    """For each test image: is a linear map, fitted to one-hot labels with a ridge of 1, right?"""
    train, test = (
        np.column_stack([images.reshape(len(images), -1), np.ones(len(images))])
        for images in (digits.train_images, digits.test_images)
    )
    weights = np.linalg.solve(train.T @ train + np.eye(train.shape[1]), train.T @ np.eye(CLASSES)[digits.train_labels])
    return (test @ weights).argmax(axis=1) == digits.test_labels
