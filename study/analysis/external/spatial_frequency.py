"""One network: whether its units prefer the same orientation at every spatial frequency."""

from __future__ import annotations

import pandas as pd
import xarray as xr

from study.analysis.core.charts import Chart
from study.analysis.core.results import (
    Figure,
    QuestionResult,
)
from study.analysis.external.tables import dots, follows, in_panels, question_result
from study.analysis.questions.spatial_frequency.estimands import GROUPS, zero_range_share
from study.analysis.questions.spatial_frequency.figures import notes, range_table


def spatial_frequency_described(study: xr.DataTree, root_seed: int) -> QuestionResult:
    """Return what the one network of a study says of orientations over spatial frequencies."""
    ranges, said = in_panels(range_table(study))
    shares = {group: zero_range_share(study, fewest).isel(network=0) for group, fewest in GROUPS.items()}
    table = pd.DataFrame({group: share.values for group, share in shares.items()})
    table.insert(0, "layer", next(iter(shares.values()))["layer"].values.tolist())
    quantity = "share of selective units with range 0"
    return question_result(
        "spatial_frequency",
        notes=notes(study, (), root_seed=root_seed),
        figures=(
            Figure(
                id="spatial_frequency-layers",
                chart=Chart.NETWORK_DOTS,
                title="Units with one preferred orientation, layer by layer",
                shows="The share of selective units (gOSI above 0.33) that prefer the same orientation at all"
                " spatial frequencies whose peak exceeds half of the overall peak; and the same of the units that have"
                " at least two such frequencies, as with one alone the range is 0 by construction. The rule is at one"
                " half: most units.",
                supports="Both shares above one half in most layers.",
                contradicts="A share below one half once units with a single frequency are set aside.",
                table=dots(table, {quantity: {group: group for group in shares}}, {quantity: 0.5}),
            ),
            Figure(
                id="spatial_frequency-range",
                chart=Chart.RANGE_HISTOGRAM,
                paper_figure=follows(study, "Fig. A2", "Fig. A3b"),
                title="Range of preferred orientations over spatial frequencies",
                shows="Share of selective units at each range: the shortest arc that holds the preferred"
                f" orientations of all spatial frequencies whose peak exceeds half of the overall peak.{said}",
                supports="Most units at 0 degrees, also among those with at least two frequencies.",
                contradicts="Ranges spread widely once units with a single frequency are set aside.",
                table=ranges,
            ),
        ),
    )
