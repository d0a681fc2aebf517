"""Labels of how the service is."""

from market.code_lists.labels.texts import LabelTexts
from market.operations.readiness import ComponentState, ReadinessStatus

LABELS: LabelTexts = {
    ReadinessStatus: {
        "degraded": ("降级运行", "Degraded"),
        "not_ready": ("未就绪", "Not ready"),
        "ready": ("就绪", "Ready"),
    },
    ComponentState: {
        "away": ("失联", "Away"),
        "degraded": ("部分异常", "Degraded"),
        "down": ("故障", "Down"),
        "up": ("正常", "Up"),
    },
}
