"""A memory budget of a test's own, large enough to wait for nothing."""

from pathlib import Path

from infra.memory_budget import MemoryBudget


def roomy(folder: Path) -> MemoryBudget:
    """16 GB in this folder."""
    return MemoryBudget(folder / "memory", megabytes=16_384, queue=100, wait_s=60)
