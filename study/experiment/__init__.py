"""The experiment on one network: training and measurements."""

from study.vocabulary.keras_settings import prepare

prepare()  # before any module of this room imports Keras
