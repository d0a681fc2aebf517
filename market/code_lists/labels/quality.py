"""Labels of quality checks and reports."""

from market.code_lists.labels.texts import LabelTexts
from quality.checks import CheckStatus, CheckType, Dimension, Severity, ToleranceUnit
from quality.classes import ProductClass
from quality.gates import RefusalCause
from quality.reports.comparison import CheckChange
from quality.runs.states import QualityStatus, ReportStatus, RunStatus
from quality.suites.domain import SuiteOrigin
from quality.waivers.states import WaiverRequestAction, WaiverRequestStatus, WaiverStatus

LABELS: LabelTexts = {
    QualityStatus: {
        "checking": ("评价中", "Checking"),
        "passed": ("合格", "Passed"),
        "failed": ("不合格", "Failed"),
        "error": ("评价出错", "Error"),
    },
    RunStatus: {
        "queued": ("排队中", "Queued"),
        "running": ("运行中", "Running"),
        "done": ("已完成", "Done"),
        "failed": ("运行失败", "Failed"),
        "cancelled": ("已取消", "Cancelled"),
    },
    ReportStatus: {"passed": ("合格", "Passed"), "failed": ("不合格", "Failed")},
    WaiverStatus: {
        "in_force": ("有效", "In force"),
        "expired": ("已到期", "Expired"),
        "revoked": ("已撤销", "Revoked"),
    },
    WaiverRequestStatus: {
        "waiting": ("待审批", "Waiting for a decision"),
        "granted": ("已批准", "Granted"),
        "declined": ("未批准", "Declined"),
        "superseded": ("报告已被取代", "Superseded by another report"),
    },
    WaiverRequestAction: {
        "grant": ("批准", "Grant"),
        "refusal": ("不予批准", "Refusal"),
        "replacement": ("报告被取代", "Replacement"),
    },
    CheckStatus: {
        "passed": ("通过", "Passed"),
        "failed": ("未通过", "Failed"),
        "empty": ("无可检查内容", "Nothing to check"),
        "error": ("检查出错", "Error"),
    },
    CheckType: {
        "row_count": ("记录数", "Row count"),
        "not_null": ("非空", "Not null"),
        "unique": ("唯一", "Unique"),
        "unique_together": ("联合唯一", "Unique together"),
        "between": ("取值范围", "Between"),
        "in_set": ("值域", "In a set"),
        "matches": ("格式", "Matches a pattern"),
        "not_less": ("不小于", "Not less than"),
        "increasing": ("递增", "Increasing"),
        "no_repeated_rows": ("无重复记录", "No repeated rows"),
        "contains_all": ("取值齐全", "Contains all"),
        "well_formed": ("文字无乱码", "Well-formed text"),
        "recent": ("时新", "Recent"),
        "not_after_arrival": ("不晚于到达时间", "Not after arrival"),
        "distribution": ("分布", "Distribution"),
        "references": ("引用", "References"),
        "sql": ("SQL 语句", "SQL statement"),
        "expectation": ("库内期望", "Library expectation"),
    },
    Dimension: {
        "conformity": ("规范性", "Conformity"),
        "completeness": ("完整性", "Completeness"),
        "accuracy": ("准确性", "Accuracy"),
        "consistency": ("一致性", "Consistency"),
        "timeliness": ("时效性", "Timeliness"),
        "accessibility": ("可访问性", "Accessibility"),
    },
    ProductClass: {
        "register": ("基础信息", "Register"),
        "time_series": ("监测时序", "Time series"),
        "records": ("业务记录", "Business records"),
        "general": ("其他", "Other"),
    },
    RefusalCause: {
        "low_grade": ("等级过低", "Grade too low"),
        "blocking_check": ("阻断检查未通过", "Blocking check not passed"),
        "far_beyond_tolerance": ("远超容许范围", "Far beyond tolerance"),
    },
    SuiteOrigin: {
        "suggested": ("系统建议", "Suggested"),
        "written": ("运营机构编制", "Written"),
        "imported": ("合同导入", "Imported"),
    },
    CheckChange: {
        "worse": ("变差", "Worse"),
        "better": ("变好", "Better"),
        "new": ("新增", "New"),
        "gone": ("已取消", "Gone"),
        "redefined": ("规则已改", "Redefined"),
        "unchanged": ("不变", "Unchanged"),
    },
    ToleranceUnit: {"rows": ("行", "Rows"), "percent": ("百分比", "Percent")},
    Severity: {"blocking": ("阻断", "Blocking"), "warning": ("警告", "Warning")},
}
