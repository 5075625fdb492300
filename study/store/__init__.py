"""The only reader and writer of Zarr: immutable networks, the compacted study, its record and its journal.

A worker publishes each network as one immutable folder by rename: presence means complete. One process compacts them
into `study.zarr`, which is what people open. Nothing here knows Keras, dask or a question.
"""

from study.store.checkpoints import Checkpoint, sweep_checkpoints
from study.store.compacted import compact, open_study
from study.store.folder import (
    StudyFolder,
    append_journal,
    check_files,
    check_writable,
    left_behind,
    read_journal,
    read_record,
    sweep_staging,
    unreadable_lines,
    write_record,
    writing,
)
from study.store.lock import holder, locked
from study.store.looks import networks_digest, read_looks, taken_look
from study.store.networks import (
    DamagedNetworkError,
    damage,
    network_path,
    network_state,
    publish_network,
    read_network,
    set_aside,
)
from study.store.published import LEFT_OUT, open_published, unpacked, write_published
from study.store.remade import remade_sentences
from study.store.results import write_results
from study.store.seals import RESULTS, compacted_damage, results_source, source_digest

__all__ = [
    "LEFT_OUT",
    "RESULTS",
    "Checkpoint",
    "DamagedNetworkError",
    "StudyFolder",
    "append_journal",
    "check_files",
    "check_writable",
    "compact",
    "compacted_damage",
    "damage",
    "holder",
    "left_behind",
    "locked",
    "network_path",
    "network_state",
    "networks_digest",
    "open_published",
    "open_study",
    "publish_network",
    "read_journal",
    "read_looks",
    "read_network",
    "read_record",
    "remade_sentences",
    "results_source",
    "set_aside",
    "source_digest",
    "sweep_checkpoints",
    "sweep_staging",
    "taken_look",
    "unpacked",
    "unreadable_lines",
    "write_published",
    "write_record",
    "write_results",
    "writing",
]
