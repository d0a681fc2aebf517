"""Labels of who takes part, and how they sign in."""

from infra.auth import OrganisationKind, Role
from infra.identity.domain import EvidenceKind
from infra.identity.states import InvitationDelivery
from infra.organisation_status import OrganisationStatus
from infra.rulebook.domain import RuleType
from infra.rulebook.states import ProposalAction, ProposalStatus
from infra.second_factor import SecondFactorStatus
from market.code_lists.labels.texts import LabelTexts
from market.participants.states import (
    AppealDecision,
    AppealStatus,
    FactorResetAction,
    FactorResetStatus,
    RecoveryAction,
    RecoveryStatus,
)

LABELS: LabelTexts = {
    OrganisationKind: {
        "authorising_body": ("授权主体", "Authorising body"),
        "buyer": ("数据需求方", "Buyer"),
        "operator": ("授权运营方", "Operator"),
        "owner": ("数据持有方", "Data owner"),
        "platform": ("平台运营方", "Platform"),
        "price_authority": ("价格主管部门", "Price authority"),
        "regulator": ("监管部门", "Regulator"),
    },
    OrganisationStatus: {
        "registered": ("已注册", "Registered"),
        "rejected": ("未通过核验", "Rejected"),
        "suspended": ("已暂停", "Suspended"),
        "verified": ("已核验", "Verified"),
    },
    InvitationDelivery: {
        "pending": ("待送达", "Pending"),
        "handed_over": ("已转交", "Handed over"),
        "mailed": ("已发送邮件", "Mailed"),
        "undeliverable": ("无法送达", "Undeliverable"),
    },
    ProposalStatus: {
        "proposed": ("待批准", "Proposed"),
        "approved": ("已批准", "Approved"),
        "rejected": ("未批准", "Rejected"),
        "withdrawn": ("已撤回", "Withdrawn"),
    },
    ProposalAction: {
        "approval": ("批准", "Approval"),
        "rejection": ("不予批准", "Rejection"),
        "withdrawal": ("撤回", "Withdrawal"),
    },
    RuleType: {
        "boolean": ("是或否", "True or false"),
        "choice": ("选项", "Choice"),
        "decimal": ("小数", "Decimal"),
        "integer": ("整数", "Whole number"),
    },
    RecoveryStatus: {
        "requested": ("已申请", "Requested"),
        "approved": ("已批准", "Approved"),
        "cancelled": ("已取消", "Cancelled"),
        "completed": ("已完成", "Completed"),
    },
    RecoveryAction: {
        "approval": ("批准", "Approval"),
        "cancellation": ("取消", "Cancellation"),
        "completion": ("完成", "Completion"),
    },
    FactorResetStatus: {
        "requested": ("已申请", "Requested"),
        "cancelled": ("已取消", "Cancelled"),
        "completed": ("已完成", "Completed"),
    },
    FactorResetAction: {
        "cancellation": ("取消", "Cancellation"),
        "completion": ("完成", "Completion"),
    },
    SecondFactorStatus: {
        "not_enrolled": ("未启用双重验证", "No second factor"),
        "passed": ("已通过双重验证", "Second factor passed"),
        "code_required": ("待输入验证码", "Code required"),
        "enrolment_required": ("须先启用双重验证", "Enrolment required"),
    },
    AppealStatus: {
        "open": ("待处理", "Open"),
        "dismissed": ("已驳回", "Dismissed"),
        "upheld": ("已支持", "Upheld"),
    },
    AppealDecision: {
        "dismiss": ("驳回", "Dismiss"),
        "uphold": ("支持", "Uphold"),
    },
    EvidenceKind: {
        "authorisation_letter": ("授权委托书", "Letter of authorisation"),
        "business_licence": ("营业执照", "Business licence"),
        "foreign_registration": ("境外登记证明", "Foreign registration"),
        "institution_certificate": ("事业单位法人证书", "Certificate of public institution"),
        "social_credit_certificate": ("统一社会信用代码证书", "Unified social credit code certificate"),
    },
    Role: {
        "authorising_officer": ("授权主体经办人员", "Officer of the authorising body"),
        "buyer": ("采购人员", "Buyer"),
        "data_operator": ("数据运营人员", "Data operator"),
        "data_owner": ("数据管理人员", "Data manager of the owner"),
        "finance_officer": ("财务人员", "Finance officer"),
        "organisation_admin": ("机构管理员", "Administrator of the organisation"),
        "platform_admin": ("平台管理员", "Platform administrator"),
        "price_officer": ("价格主管人员", "Officer of the price authority"),
        "regulator_officer": ("监管人员", "Regulator's officer"),
    },
}
