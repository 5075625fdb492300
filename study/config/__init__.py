"""Everything a study can be told, resolved: settings by section, profiles, and the networks that follow from them."""

from study.config.arms import (
    AUGMENTATIONS,
    MOST_SEEDS,
    MaturationConfig,
    MemorizationConfig,
    PopulationConfig,
    RearingConfig,
    ReplicationConfig,
)
from study.config.execution import ExecutionConfig, is_address
from study.config.records import as_record, changed_settings, config_digest, measured_settings
from study.config.resolution import PROFILES, load_profile, recorded_config, resolve
from study.config.sections import (
    CLAMPS,
    GRATING_SETS,
    READOUTS,
    SECTIONS,
    AblationConfig,
    Config,
    ImagesConfig,
    MultiverseConfig,
    NeedConfig,
    NetworkConfig,
    ProbeConfig,
    ShiftInvarianceConfig,
    TrainingConfig,
)

__all__ = [
    "AUGMENTATIONS",
    "CLAMPS",
    "GRATING_SETS",
    "MOST_SEEDS",
    "PROFILES",
    "READOUTS",
    "SECTIONS",
    "AblationConfig",
    "Config",
    "ExecutionConfig",
    "ImagesConfig",
    "MaturationConfig",
    "MemorizationConfig",
    "MultiverseConfig",
    "NeedConfig",
    "NetworkConfig",
    "PopulationConfig",
    "ProbeConfig",
    "RearingConfig",
    "ReplicationConfig",
    "ShiftInvarianceConfig",
    "TrainingConfig",
    "as_record",
    "changed_settings",
    "config_digest",
    "is_address",
    "load_profile",
    "measured_settings",
    "recorded_config",
    "resolve",
]
