"""Labels of agreements and licences."""

from contracts.agreements.states import AgreementAction, AgreementStatus
from listings.authorisations.amendment_states import AmendmentAction, AmendmentStatus
from market.code_lists.labels.texts import LabelTexts
from market.delivery.domain import Operator
from market.metering.domain import UsageCreditReason, UsageRecordStatus

LABELS: LabelTexts = {
    AmendmentStatus: {
        "proposed": ("待签署", "Proposed"),
        "effective": ("已生效", "In effect"),
        "declined": ("已谢绝", "Declined"),
        "lapsed": ("逾期失效", "Lapsed"),
    },
    AmendmentAction: {
        "signature": ("签署", "Signature"),
        "refusal": ("谢绝", "Refusal"),
        "lapse": ("逾期失效", "Lapse"),
    },
    AgreementStatus: {
        "requested": ("待运营方签署", "Requested"),
        "agreed": ("待需求方签署", "Agreed"),
        "finalized": ("已生效", "Finalized"),
        "terminated": ("已终止", "Terminated"),
    },
    AgreementAction: {
        "the operator's signature": ("运营方签署", "The operator's signature"),
        "the buyer's signature": ("需求方签署", "The buyer's signature"),
        "termination": ("终止", "Termination"),
    },
    UsageRecordStatus: {
        "answered": ("已应答", "Answered"),
        "credited": ("已冲减", "Credited"),
        "unconfirmed": ("待确认", "Unconfirmed"),
    },
    UsageCreditReason: {
        "process_ended": ("服务进程中断", "Process ended"),
        "unanswered": ("未能应答", "Unanswered"),
    },
    Operator: {
        "contains": ("包含", "Contains"),
        "eq": ("等于", "Equal to"),
        "ge": ("不小于", "Greater than or equal to"),
        "gt": ("大于", "Greater than"),
        "in": ("属于", "One of"),
        "is_null": ("为空", "Is null"),
        "le": ("不大于", "Less than or equal to"),
        "lt": ("小于", "Less than"),
        "ne": ("不等于", "Not equal to"),
    },
}
