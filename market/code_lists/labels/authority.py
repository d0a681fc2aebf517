"""Labels of what gives a right to offer data: registrations, rights, authorisations."""

from listings.authorisations.domain import AuthorisationSide, Procedure, SignatureDecision
from listings.authorisations.states import AuthorisationAction, AuthorisationStatus
from listings.registrations.domain import VersionStatus
from listings.registrations.states import (
    ApplicationAction,
    ApplicationStatus,
    ObjectionAction,
    ObjectionDecision,
    ObjectionStatus,
)
from listings.resources.registration import RegistrationStatus
from listings.rights.domain import EncumbranceKind, GrantForm, RightBasis
from listings.rights.states import (
    EncumbranceAction,
    EncumbranceOutcome,
    EncumbranceStatus,
    GrantAction,
    GrantStatus,
)
from market.code_lists.labels.texts import LabelTexts

LABELS: LabelTexts = {
    AuthorisationStatus: {
        "offered": ("待来源部门同意", "Offered"),
        "consented": ("待授权主体授予", "Consented to"),
        "granted": ("待运营方接受", "Granted"),
        "active": ("生效中", "Active"),
        "declined": ("已谢绝", "Declined"),
        "lapsed": ("逾期失效", "Lapsed"),
        "revoked": ("已撤销", "Revoked"),
    },
    AuthorisationAction: {
        "acceptance": ("接受", "Acceptance"),
        "consent": ("同意", "Consent"),
        "grant": ("授予", "Grant"),
        "lapse": ("逾期失效", "Lapse"),
        "refusal": ("谢绝", "Refusal"),
        "revocation": ("撤销", "Revocation"),
    },
    AuthorisationSide: {
        "source_agency": ("来源部门", "Source agency"),
        "authorising_body": ("授权主体", "Authorising body"),
        "operator": ("运营机构", "Operator"),
    },
    SignatureDecision: {"declined": ("谢绝", "Declined"), "signed": ("已签署", "Signed")},
    Procedure: {
        "three_party": ("三方签署", "Three sides signed"),
        "two_party": ("双方签署", "Two sides signed"),
    },
    RegistrationStatus: {
        "draft": ("尚未登记", "Draft"),
        "grace": ("宽限期内", "Time of grace"),
        "in_force": ("有效", "In force"),
        "expired": ("已过期", "Expired"),
        "lapsed": ("宽限期已满", "Time of grace over"),
        "cancelled": ("已注销", "Cancelled"),
    },
    VersionStatus: {
        "in_force": ("有效", "In force"),
        "expired": ("已过期", "Expired"),
        "cancelled": ("已注销", "Cancelled"),
        "superseded": ("已被替代", "Superseded"),
    },
    ApplicationStatus: {
        "submitted": ("待受理", "Submitted"),
        "accepted": ("审核中", "Accepted"),
        "announced": ("公示中", "On public notice"),
        "contested": ("异议处理中", "Objected to"),
        "returned": ("已退回", "Returned"),
        "refused": ("不予登记", "Refused"),
        "withdrawn": ("已撤回", "Withdrawn"),
        "completed": ("已登记", "Registered"),
    },
    ApplicationAction: {
        "acceptance": ("受理", "Acceptance"),
        "approval": ("审核通过", "Approval"),
        "objection": ("提出异议", "Objection"),
        "resumption": ("恢复公示", "Resumption of the notice"),
        "return": ("退回", "Return"),
        "refusal": ("不予登记", "Refusal"),
        "resubmission": ("重新提交", "Resubmission"),
        "withdrawal": ("撤回", "Withdrawal"),
        "completion": ("赋码登记", "Registration"),
    },
    ObjectionStatus: {
        "open": ("待答复", "Open"),
        "dismissed": ("异议不成立", "Dismissed"),
        "upheld": ("异议成立", "Upheld"),
        "moot": ("无需答复", "Moot"),
    },
    ObjectionDecision: {
        "dismissed": ("异议不成立", "Dismissed"),
        "upheld": ("异议成立", "Upheld"),
    },
    ObjectionAction: {
        "dismissal": ("认定异议不成立", "Dismissal"),
        "upholding": ("认定异议成立", "Upholding"),
        "closure": ("结案", "Closure"),
    },
    RightBasis: {
        "statutory_duty": ("依法履职取得", "Statutory duty"),
        "entrusted": ("受托取得", "Entrusted"),
        "agreement": ("协议取得", "Agreement"),
        "derived": ("加工衍生取得", "Derived"),
    },
    GrantForm: {"grant": ("授予", "Grant"), "transfer": ("转让", "Transfer")},
    GrantStatus: {
        "proposed": ("待答复", "Proposed"),
        "accepted": ("已接受", "Accepted"),
        "rejected": ("已拒绝", "Rejected"),
        "withdrawn": ("已撤回", "Withdrawn"),
    },
    GrantAction: {
        "acceptance": ("接受", "Acceptance"),
        "rejection": ("拒绝", "Rejection"),
        "withdrawal": ("撤回", "Withdrawal"),
    },
    EncumbranceKind: {
        "dispute": ("争议", "Dispute"),
        "pledge": ("质押", "Pledge"),
        "freeze": ("冻结", "Freeze"),
    },
    EncumbranceStatus: {
        "pending": ("待定", "Pending"),
        "in_force": ("生效中", "In force"),
        "ended": ("已终结", "Ended"),
    },
    EncumbranceAction: {
        "admission": ("受理", "Admission"),
        "confirmation": ("确认", "Confirmation"),
        "dismissal": ("驳回", "Dismissal"),
        "lifting": ("解除", "Lifting"),
        "release": ("解押", "Release"),
        "upholding": ("成立", "Upholding"),
        "withdrawal": ("撤回", "Withdrawal"),
    },
    EncumbranceOutcome: {
        "dismissed": ("已驳回", "Dismissed"),
        "lifted": ("已解除", "Lifted"),
        "released": ("已解押", "Released"),
        "upheld": ("成立", "Upheld"),
        "withdrawn": ("已撤回", "Withdrawn"),
    },
}
