"""Networks, and how to reach into them; the only rooms that see Keras besides train, probe and ablate."""

from study.vocabulary.keras_settings import prepare

prepare()  # before any module of this room imports Keras
