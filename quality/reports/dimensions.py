"""What each indicator of GB/T 36344-2018 is called in ISO/IEC 25012:2008 (GB/T 25000.12-2017). Pure."""

from collections.abc import Mapping

from quality.checks import Dimension

TITLES: Mapping[Dimension, str] = {
    Dimension.CONFORMITY: "规范性",
    Dimension.COMPLETENESS: "完整性",
    Dimension.ACCURACY: "准确性",
    Dimension.CONSISTENCY: "一致性",
    Dimension.TIMELINESS: "时效性",
    Dimension.ACCESSIBILITY: "可访问性",
}

ISO_25012: Mapping[Dimension, tuple[str, str]] = {
    Dimension.CONFORMITY: ("依从性", "Compliance"),
    Dimension.COMPLETENESS: ("完备性", "Completeness"),
    Dimension.ACCURACY: ("准确性", "Accuracy"),
    Dimension.CONSISTENCY: ("一致性", "Consistency"),
    Dimension.TIMELINESS: ("现时性", "Currentness"),
    Dimension.ACCESSIBILITY: ("可访问性", "Accessibility"),
}
"""The characteristic that comes nearest, in Chinese and English."""
