"""How much of an external network's responses is set to 0 because it is negative."""

from __future__ import annotations

from study.vocabulary.measurement import Measurement, Variable
from study.vocabulary.schema import EXTERNAL

VARIABLES = {
    "rectified": Variable(("unit",), "f", "1", "share of the responses to gratings that were below 0 and read as 0"),
}

MEASUREMENT = Measurement(
    name="rectification",
    variables=VARIABLES,
    arms=(EXTERNAL,),
    follows=("responses",),
    on_external=lambda subject, groups: {"rectified": subject.rectified_share},
)
