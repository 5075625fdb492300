"""An external network that was never loaded: a tree as the schema asks for it, out of a trained network's example."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from study.vocabulary.schema import EXTERNAL, SCHEMA_VERSION, described
from tests.example_networks import example_network

WHY = ("mediation", "need")  # groups on why ablation costs


def example_external_network(rng: np.random.Generator, *, photographs: bool = True, **options: Any) -> xr.DataTree:
    """Return one network; `options` are what `example_network` takes, `photographs` whether there were any."""
    whole = example_network(rng, **options)
    groups = {f"/{name}": whole[name].to_dataset().isel(state=[-1]) for name in ("tuning", "responses")}
    units = groups["/tuning"]["layer"]
    shares = np.where(units == units[0], 0.25, 0.0)
    groups["/rectification"] = described(
        "rectification", {"rectified": shares}, {name: units[name] for name in ("layer", "channel")}
    )
    groups["/other_tuning"] = whole["other_tuning"].to_dataset()
    if photographs:
        groups |= {f"/{name}": whole[name].to_dataset() for name in ("activity", "halves", "ablation", "rivals", *WHY)}
    attributes = {"schema_version": SCHEMA_VERSION, "key": whole.attrs["key"], "arm": EXTERNAL, "seed": 0}
    return xr.DataTree.from_dict({"/": xr.Dataset(attrs=attributes), **groups})


def external_study(rng: np.random.Generator, *, model: str = "own", **options: Any) -> xr.DataTree:
    """Return the compacted study of `example_external_network`."""
    tree = example_external_network(rng, **options)
    place = {"network": [tree.attrs["key"]], "arm": ("network", [EXTERNAL]), "seed": ("network", [0])}
    return xr.DataTree.from_dict(
        {
            f"/{name}": child.to_dataset().expand_dims("network").assign_coords(place).assign_attrs(model=model)
            for name, child in tree.children.items()
        }
    )
