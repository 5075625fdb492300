"""Labelled datasets in, results out; no Keras, no Zarr. One folder a question, found by its place."""

from study.analysis.analysed_study import analyse
from study.analysis.checked_registration import check_registration
from study.vocabulary.measurement import measurements

MEASUREMENTS = tuple(name for name, measurement in measurements().items() if measurement.analysed)  # what is read

__all__ = ["MEASUREMENTS", "analyse", "check_registration"]
