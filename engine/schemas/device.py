"""Where inference really runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

DeviceChoice = Literal["auto", "cpu", "cuda"]
ModelPhase = Literal["absent", "building", "loading", "warming", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class DeviceReport:
    """What a created session really runs on.

    Attributes
    ----------
    device
        Short lower-case name for records: ``cpu``, ``cuda``, ``fake``.
    title
        For the badge, for example ``CPU, 2 cores`` or ``CUDA: NVIDIA H100``.
    asked
        What the settings asked for.
    fallback_reason
        One sentence a person can act on, when something faster was asked for and did not work.
    """

    device: str
    title: str
    asked: DeviceChoice
    runtime: str
    fallback_reason: str | None = None


@dataclass(frozen=True, slots=True)
class ModelState:
    """Progress of getting a model ready, for the badge."""

    phase: ModelPhase
    model_ref: str
    message: str = ""
    progress: float | None = None
    device: DeviceReport | None = None
