"""Labelled datasets in, results out; no Keras, no Zarr. One folder a question, found by its place."""

from study.analysis.core.analyse import analyse
from study.analysis.core.check import check_registration
from study.vocabulary.schema import GROUPS

MEASUREMENTS = tuple(
    name for name in GROUPS if name != "responses"
)  # what an analysis reads; those are ten times as large

__all__ = ["MEASUREMENTS", "analyse", "check_registration"]
