"""What the tests' own process uses."""

from pathlib import Path


def resident_megabytes() -> int:
    """Memory that this process uses."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 // 1_000_000
