"""The labels of every enumeration of the interface. Terms of law and accounting are those of the Chinese texts."""

from collections.abc import Mapping
from enum import StrEnum

from contracts.agreements.states import AgreementAction, AgreementStatus
from contracts.licences.tables import TokenEndReason
from infra import labels
from infra.auth import OrganisationKind, Permission, Role
from infra.events.domain import DeliveryAction, DeliveryStatus
from infra.events.kinds import EventKind
from infra.identity.domain import EvidenceKind
from infra.identity.states import InvitationDelivery
from infra.labels import Label
from infra.organisation_status import OrganisationStatus
from infra.rulebook.domain import RuleType, SourceStatus
from infra.rulebook.states import ProposalAction, ProposalStatus
from infra.second_factor import SecondFactorStatus
from infra.webhooks.domain import DisabledReason, EndpointStatus, WebhookDeliveryStatus
from listings.authorisations.domain import CONSIDERATION_LABELS, SCENARIO_LABELS, Consideration, Scenario
from listings.authorisations.states import AuthorisationAction, AuthorisationStatus
from listings.findings.domain import FindingStatus
from listings.ingest.formats import ColumnFormat
from listings.ingest.personal import ContentKind
from listings.ingest.result import Delimiter, Kind, TextEncoding
from listings.products.domain import DeliveryClass
from listings.products.states import ProductAction, ProductStatus
from listings.resources.domain import CLASSIFICATION_LABELS, Classification, UpdateFrequency
from listings.rights.domain import RIGHT_LABELS, RightBasis, RightKind
from market.delivery.domain import Operator
from market.metering.domain import CloseReason, UsageCreditReason, UsageRecordStatus
from market.operations.readiness import ComponentState, ReadinessStatus
from market.participants.states import (
    AppealDecision,
    AppealStatus,
    FactorResetAction,
    FactorResetStatus,
    RecoveryAction,
    RecoveryStatus,
)
from market.settlement.bank_accounts.states import BankAccountAction, BankAccountStatus
from market.settlement.invoices.states import InvoiceAction, InvoiceStatus
from market.settlement.ledger.domain import AccountKind, AccountRole, Side
from market.settlement.payments.states import Rail, RefundAction, RefundStatus
from market.settlement.rails.bank.candidates import CandidateReason
from market.settlement.rails.bank.review_kinds import ReviewKind
from market.settlement.rails.bank.states import AssignedKind, BankEntryAction, BankEntryStatus, PartKind
from market.settlement.rails.cards.states import CardPaymentAction, CardPaymentStatus
from market.settlement.reconciliation.domain import BreakKind
from market.settlement.splits.domain import SplitRole
from pricing.regulated.purposes import PURPOSE_TERMS, PurposeClass
from quality.checks import CheckStatus, CheckType, Dimension, Severity
from quality.states import QualityStatus, ReportStatus, RunStatus

_PARTIES: Mapping[type[StrEnum], Mapping[str, tuple[str, str]]] = {
    OrganisationKind: {
        "buyer": ("数据需求方", "Buyer"),
        "operator": ("授权运营方", "Operator"),
        "owner": ("数据持有方", "Data owner"),
        "platform": ("平台运营方", "Platform"),
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
        "buyer": ("采购人员", "Buyer"),
        "data_operator": ("数据运营人员", "Data operator"),
        "data_owner": ("数据管理人员", "Data manager of the owner"),
        "finance_officer": ("财务人员", "Finance officer"),
        "organisation_admin": ("机构管理员", "Administrator of the organisation"),
        "platform_admin": ("平台管理员", "Platform administrator"),
        "regulator_officer": ("监管人员", "Regulator's officer"),
    },
}

_LISTINGS: Mapping[type[StrEnum], Mapping[str, tuple[str, str]]] = {
    AuthorisationStatus: {
        "offered": ("待接受", "Offered"),
        "active": ("生效中", "Active"),
        "declined": ("已谢绝", "Declined"),
        "revoked": ("已撤销", "Revoked"),
    },
    AuthorisationAction: {
        "acceptance": ("接受", "Acceptance"),
        "refusal": ("谢绝", "Refusal"),
        "revocation": ("撤销", "Revocation"),
    },
    RightBasis: {
        "statutory_duty": ("依法履职取得", "Statutory duty"),
        "entrusted": ("受托取得", "Entrusted"),
        "agreement": ("协议取得", "Agreement"),
        "derived": ("加工衍生取得", "Derived"),
    },
    UpdateFrequency: {
        "realtime": ("实时", "Real time"),
        "hourly": ("每小时", "Hourly"),
        "daily": ("每日", "Daily"),
        "weekly": ("每周", "Weekly"),
        "monthly": ("每月", "Monthly"),
        "quarterly": ("每季度", "Quarterly"),
        "yearly": ("每年", "Yearly"),
        "irregular": ("不定期", "Irregular"),
        "static": ("不更新", "Static"),
    },
    ProductStatus: {
        "draft": ("草稿", "Draft"),
        "submitted": ("待审核", "Submitted"),
        "published": ("已上架", "Published"),
        "withdrawn": ("已下架", "Withdrawn"),
    },
    ProductAction: {
        "submission": ("提交审核", "Submission"),
        "approval": ("审核通过", "Approval"),
        "return": ("退回修改", "Return"),
        "withdrawal": ("下架", "Withdrawal"),
    },
    DeliveryClass: {"records_api": ("数据接口", "Records API")},
    Kind: {
        "text": ("文本", "Text"),
        "integer": ("整数", "Integer"),
        "decimal": ("定点小数", "Decimal"),
        "number": ("浮点数", "Number"),
        "boolean": ("布尔值", "Boolean"),
        "date": ("日期", "Date"),
        "timestamp": ("时间", "Timestamp"),
    },
    ContentKind: {
        "resident_id": ("居民身份号码", "Resident identity number"),
        "mobile_number": ("手机号码", "Mobile number"),
        "bank_card": ("银行卡号", "Bank card number"),
        "email": ("电子邮件地址", "E-mail address"),
    },
    FindingStatus: {
        "open": ("待处理", "Open"),
        "contested": ("已提出异议", "Contested"),
        "accepted": ("异议成立", "Accepted as none"),
        "rejected": ("异议不成立", "Found right"),
    },
    ColumnFormat: {
        "thousands_comma": ("千位逗号，如 1,234.5", "Thousands separated by commas, such as 1,234.5"),
        "decimal_comma": ("小数逗号，如 1.234,5", "Decimal comma, such as 1.234,5"),
        "percent": ("百分数，如 12.5%", "Percentage, such as 12.5%"),
        "percent_decimal_comma": (
            "小数逗号的百分数，如 12,5 %",
            "Percentage with a decimal comma, such as 12,5 %",
        ),
        "day_first": ("日在前，如 31/01/2024", "Day first, such as 31/01/2024"),
        "month_first": ("月在前，如 01/31/2024", "Month first, such as 01/31/2024"),
        "compact": ("连写，如 20240131", "Without separators, such as 20240131"),
    },
    TextEncoding: {
        "utf-8": ("UTF-8（通用）", "UTF-8"),
        "utf-16": ("UTF-16（双字节）", "UTF-16"),
        "gb18030": ("GB18030（含 GBK、GB2312）", "GB18030, with GBK and GB2312"),
        "big5": ("大五码", "Big5"),
        "euc-kr": ("EUC-KR（韩文）", "EUC-KR, Korean"),
        "shift_jis": ("Shift JIS（日文）", "Shift JIS, Japanese"),
        "euc-jp": ("EUC-JP（日文）", "EUC-JP, Japanese"),
        "windows-1252": ("Windows-1252（西欧）", "Windows-1252, Western European"),
    },
    Delimiter: {
        "comma": ("逗号", "Comma"),
        "semicolon": ("分号", "Semicolon"),
        "tab": ("制表符", "Tab"),
        "pipe": ("竖线", "Pipe"),
    },
    SourceStatus: {
        "T": ("已核对全文", "Read in full text"),
        "S": ("依据摘录", "Read in an excerpt"),
        "M": ("未经核实", "Recalled, not verified"),
        "house": ("平台规则", "Decided by the market"),
    },
}

_QUALITY: Mapping[type[StrEnum], Mapping[str, tuple[str, str]]] = {
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
    },
    ReportStatus: {"passed": ("合格", "Passed"), "failed": ("不合格", "Failed")},
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
    },
    Dimension: {
        "conformity": ("规范性", "Conformity"),
        "completeness": ("完整性", "Completeness"),
        "accuracy": ("准确性", "Accuracy"),
        "consistency": ("一致性", "Consistency"),
        "timeliness": ("时效性", "Timeliness"),
        "accessibility": ("可访问性", "Accessibility"),
    },
    Severity: {"blocking": ("阻断", "Blocking"), "warning": ("警告", "Warning")},
}

_CONTRACTS: Mapping[type[StrEnum], Mapping[str, tuple[str, str]]] = {
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

_MONEY: Mapping[type[StrEnum], Mapping[str, tuple[str, str]]] = {
    InvoiceStatus: {
        "issued": ("待支付", "Issued"),
        "paid": ("已支付", "Paid"),
        "refunded": ("已退款", "Refunded"),
    },
    CardPaymentStatus: {
        "failed": ("失败", "Failed"),
        "requested": ("处理中", "Requested"),
        "requires_action": ("需要付款人操作", "Requires action"),
        "succeeded": ("成功", "Succeeded"),
    },
    CardPaymentAction: {
        "failure": ("扣款失败", "Failure"),
        "confirmation by the payer": ("付款人确认", "Confirmation by the payer"),
        "success": ("扣款成功", "Success"),
    },
    RefundStatus: {
        "approved": ("已批准", "Approved"),
        "failed": ("失败", "Failed"),
        "rejected": ("已驳回", "Rejected"),
        "requested": ("已申请", "Requested"),
        "succeeded": ("成功", "Succeeded"),
        "withdrawn": ("已撤回", "Withdrawn"),
    },
    RefundAction: {
        "approval": ("批准退款", "Approval"),
        "completion": ("完成退款", "Completion"),
        "failure": ("退款失败", "Failure"),
        "rejection": ("驳回退款", "Rejection"),
        "withdrawal": ("撤回退款", "Withdrawal"),
    },
    InvoiceAction: {
        "payment": ("付款", "Payment"),
        "refund": ("退款", "Refund"),
        "taking back a payment": ("撤销收款", "Taking back a payment"),
        "taking back a refund": ("撤销退款", "Taking back a refund"),
    },
    BankAccountStatus: {
        "registered": ("待确认", "Registered"),
        "active": ("启用", "Active"),
        "closed": ("已停用", "Closed"),
    },
    BankAccountAction: {"closure": ("停用", "Closure"), "confirmation": ("确认", "Confirmation")},
    ReviewKind: {"correction": ("更正对账单", "Correction"), "gap": ("对账单缺口", "Gap")},
    BankEntryStatus: {
        "assigned": ("已认领", "Assigned"),
        "paid": ("已核销", "Paid"),
        "received": ("已收到", "Received"),
        "suspense": ("暂挂", "In suspense"),
        "void": ("已被银行冲销", "Taken back by the bank"),
    },
    PartKind: {
        "invoice": ("核销账单", "Pays an invoice"),
        "other": ("与市场无关", "No business of the market"),
        "refund": ("退款", "Refund"),
        "return": ("往来退回", "Return"),
        "suspense": ("暂挂", "In suspense"),
        "void": ("已被银行冲销", "Taken back by the bank"),
    },
    AssignedKind: {
        "invoice": ("核销账单", "Pays an invoice"),
        "other": ("与市场无关", "No business of the market"),
        "refund": ("退款", "Refund"),
        "return": ("往来退回", "Return"),
    },
    CandidateReason: {
        "amount": ("金额相符", "Amount"),
        "document_number": ("账单号相符", "Document number"),
        "mistyped_reference": ("付款参考号疑似误写", "Mistyped reference"),
        "payer": ("付款人相符", "Payer"),
        "reference": ("付款参考号相符", "Reference"),
    },
    BankEntryAction: {
        "assignment": ("认领", "Assignment"),
        "being taken back by the bank": ("被银行冲销", "Being taken back by the bank"),
        "being held in suspense": ("转入暂挂", "Being held in suspense"),
        "payment of an invoice": ("核销账单", "Payment of an invoice"),
    },
    Rail: {"bank": ("银行转账", "Bank transfer"), "card": ("银行卡", "Card")},
    SplitRole: {
        "operator": ("授权运营方", "Operator"),
        "owner": ("数据持有方", "Data owner"),
        "platform": ("平台运营方", "Platform"),
    },
    AccountKind: {
        "asset": ("资产", "Asset"),
        "expense": ("费用", "Expense"),
        "liability": ("负债", "Liability"),
        "revenue": ("收入", "Revenue"),
    },
    AccountRole: {
        "bank": ("银行存款", "Bank"),
        "card": ("银行卡待清算", "Card"),
        "clearing": ("清算", "Clearing"),
        "commission": ("平台佣金", "Commission"),
        "other": ("市场外款项", "Other"),
        "payable": ("应付款", "Payable"),
        "receivable": ("应收款", "Receivable"),
        "suspense": ("暂挂款", "Suspense"),
    },
    Side: {"credit": ("贷方", "Credit"), "debit": ("借方", "Debit")},
    BreakKind: {
        "agreement": ("协议与签署不符", "Agreement"),
        "audit_log": ("审计日志被改动", "Audit log"),
        "bank_balance": ("银行余额不符", "Bank balance"),
        "bank_entry": ("银行流水未入账", "Bank entry"),
        "card_balance": ("银行卡余额不符", "Card balance"),
        "card_payment": ("银行卡支付不符", "Card payment"),
        "clearing": ("清算账户不为零", "Clearing"),
        "counter": ("计数不符", "Counter"),
        "invoice_account": ("账单无收款账户", "Invoice without a bank account"),
        "invoice_content": ("账单内容被改动", "Invoice content"),
        "invoice_lines": ("账单明细不符", "Invoice lines"),
        "invoice_overdue": ("账单逾期", "Invoice overdue"),
        "invoice_posting": ("账单未入账", "Invoice posting"),
        "licence_terms": ("许可与协议不符", "Licence terms"),
        "licence_token": ("令牌无签发记录", "Licence token"),
        "organisation": ("机构无核验记录", "Organisation"),
        "period_not_billed": ("计费期未开账单", "Period not billed"),
        "product": ("产品无审核记录", "Product"),
        "receivable": ("应收款不符", "Receivable"),
        "rule": ("规则无设定记录", "Rule"),
        "statement_gap": ("对账单缺失", "Statement gap"),
        "stop": ("停用与日志不符", "Stop"),
        "suspense": ("暂挂款未处理", "Suspense"),
        "trial_balance": ("试算不平衡", "Trial balance"),
        "usage": ("用量不符", "Usage"),
    },
}

_OPERATIONS: Mapping[type[StrEnum], Mapping[str, tuple[str, str]]] = {
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

_EVENTS: Mapping[type[StrEnum], Mapping[str, tuple[str, str]]] = {
    DeliveryStatus: {
        "pending": ("待投递", "Pending"),
        "delivered": ("已投递", "Delivered"),
        "dead": ("死信", "Dead letter"),
        "dropped": ("已丢弃", "Dropped"),
    },
    EndpointStatus: {"enabled": ("启用", "Enabled"), "disabled": ("停用", "Disabled")},
    CloseReason: {
        "end_of_contract": ("合同期满", "Term of the contract over"),
        "termination": ("合同终止", "Contract terminated"),
    },
    TokenEndReason: {
        "client_deleted": ("程序已删除", "Program deleted"),
        "member_removed": ("成员已移除", "Member removed"),
        "organisation_not_verified": ("机构不再处于已核验状态", "Organisation no longer verified"),
        "revoked": ("已撤销", "Revoked"),
        "password_changed": ("密码已修改", "Password changed"),
        "role_removed": ("角色已收回", "Role taken away"),
        "secret_revoked": ("程序密钥已作废", "Secret of the program ended"),
    },
    DisabledReason: {
        "manual": ("人工停用", "Disabled by hand"),
        "gone": ("接收方已不再接收", "Receiver is gone"),
        "failing": ("持续投递失败", "Failing"),
    },
    WebhookDeliveryStatus: {
        "pending": ("待投递", "Pending"),
        "succeeded": ("已送达", "Succeeded"),
        "failed": ("投递失败", "Failed"),
    },
    DeliveryAction: {"retry": ("重试", "Retry"), "drop": ("丢弃", "Drop")},
    EventKind: {
        "agreement.finalized": ("协议已订立", "Agreement finalized"),
        "agreement.reinstated": ("协议已恢复", "Agreement reinstated"),
        "agreement.requested": ("协议已申请", "Agreement requested"),
        "agreement.signed": ("协议已签署", "Agreement signed"),
        "agreement.suspended": ("协议已暂停", "Agreement suspended"),
        "agreement.terminated": ("协议已终止", "Agreement terminated"),
        "appeal.decided": ("申诉已处理", "Appeal decided"),
        "appeal.lodged": ("申诉已提出", "Appeal lodged"),
        "authorisation.reinstated": ("授权已恢复", "Authorisation reinstated"),
        "authorisation.revoked": ("授权已撤销", "Authorisation revoked"),
        "authorisation.suspended": ("授权已暂停", "Authorisation suspended"),
        "bank_statement.imported": ("银行对账单已导入", "Bank statement imported"),
        "invitation.handed_over": ("邀请已转交", "Invitation handed over"),
        "invoice.issued": ("账单已开具", "Invoice issued"),
        "invoice.paid": ("账单已支付", "Invoice paid"),
        "invoice.refunded": ("账单已退款", "Invoice refunded"),
        "invoice.reopened": ("账单重新待付", "Invoice reopened"),
        "licence.issued": ("许可已签发", "Licence issued"),
        "licence.reinstated": ("许可的暂停已解除", "Licence reinstated"),
        "licence.resumed": ("许可已恢复使用", "Licence resumed"),
        "licence.stopped": ("许可已停止", "Licence stopped"),
        "licence.suspended": ("许可已暂停", "Licence suspended"),
        "organisation.reinstated": ("机构已恢复", "Organisation reinstated"),
        "organisation.suspended": ("机构已暂停", "Organisation suspended"),
        "organisation.verified": ("机构已核验", "Organisation verified"),
        "product.published": ("产品已上架", "Product published"),
        "product.reinstated": ("产品已恢复", "Product reinstated"),
        "product.suspended": ("产品已暂停", "Product suspended"),
        "product.withdrawn": ("产品已下架", "Product withdrawn"),
        "reconciliation.completed": ("对账已完成", "Reconciliation completed"),
        "recovery.approved": ("管理员恢复已批准", "Recovery approved"),
        "recovery.cancelled": ("管理员恢复已取消", "Recovery cancelled"),
        "recovery.completed": ("管理员恢复已完成", "Recovery completed"),
        "recovery.requested": ("管理员恢复已申请", "Recovery requested"),
        "resource.reinstated": ("资源已恢复", "Resource reinstated"),
        "resource.suspended": ("资源已暂停", "Resource suspended"),
        "revision.measured": ("数据版本已评价", "Revision measured"),
        "revision.published": ("数据版本已发布", "Revision published"),
        "revision.reinstated": ("数据版本已恢复", "Revision reinstated"),
        "revision.suspended": ("数据版本已暂停", "Revision suspended"),
        "right.reinstated": ("权利已恢复", "Right reinstated"),
        "right.suspended": ("权利已暂停", "Right suspended"),
    },
}

_PERMISSIONS: Mapping[str, tuple[str, str]] = {
    "agreement.read": ("查看协议", "Read agreements"),
    "agreement.review": ("审查协议", "Review agreements"),
    "agreement.sign": ("签署协议", "Sign agreements"),
    "agreement.suspend": ("暂停协议", "Suspend agreements"),
    "appeal.decide": ("处理申诉", "Decide appeals"),
    "appeal.lodge": ("提出申诉", "Lodge appeals"),
    "audit.read": ("查看审计日志", "Read the audit log"),
    "authorisation.accept": ("接受授权", "Accept authorisations"),
    "authorisation.grant": ("授予授权", "Grant authorisations"),
    "authorisation.read": ("查看授权", "Read authorisations"),
    "authorisation.suspend": ("暂停授权", "Suspend authorisations"),
    "bank_account.manage": ("登记银行账户", "Manage bank accounts"),
    "bank_entry.match": ("匹配银行流水", "Match bank entries"),
    "bank_statement.approve": ("批准银行对账单", "Approve bank statements"),
    "bank_statement.import": ("导入银行对账单", "Import bank statements"),
    "client.manage": ("管理程序凭证", "Manage clients"),
    "dead_letter.manage": ("处理死信", "Manage dead letters"),
    "directory.read": ("查询机构名录", "Search the directory"),
    "evidence.read": ("查看身份证明材料", "Read identity evidence"),
    "evidence.submit": ("提交身份证明材料", "Submit identity evidence"),
    "invoice.pay": ("支付账单", "Pay invoices"),
    "invoice.read": ("查看账单", "Read invoices"),
    "invoice.refund": ("退款", "Refund invoices"),
    "ledger.read": ("查看总账", "Read the ledger"),
    "licence.read": ("查看许可", "Read licences"),
    "licence.suspend": ("暂停许可", "Suspend licences"),
    "licence.token": ("领取许可令牌", "Get licence tokens"),
    "licence_token.manage": ("查看和撤销许可令牌", "See and revoke licence tokens"),
    "member.manage": ("管理成员", "Manage members"),
    "member.read": ("查看成员", "Read members"),
    "order.place": ("下单", "Place orders"),
    "organisation.read": ("查看机构", "Read organisations"),
    "organisation.register": ("注册机构", "Register organisations"),
    "organisation.suspend": ("暂停机构", "Suspend organisations"),
    "organisation.verify": ("核验机构", "Verify organisations"),
    "password.change": ("修改密码", "Change the password"),
    "period.close": ("结账", "Close periods"),
    "price_plan.create": ("制定价格方案", "Create price plans"),
    "price_plan.read": ("查看价格方案", "Read price plans"),
    "product.manage": ("管理产品", "Manage products"),
    "product.read": ("查看产品", "Read products"),
    "product.review": ("审核产品", "Review products"),
    "product.suspend": ("暂停产品", "Suspend products"),
    "quote": ("询价", "Get quotes"),
    "reconcile": ("对账", "Reconcile"),
    "reconciliation.read": ("查看对账结果", "Read reconciliations"),
    "recovery.cancel": ("取消管理员恢复", "Cancel recoveries"),
    "recovery.manage": ("办理管理员恢复", "Manage recoveries"),
    "resource.manage": ("管理资源", "Manage resources"),
    "resource.read": ("查看资源", "Read resources"),
    "resource.suspend": ("暂停资源和权利", "Suspend resources and rights"),
    "revision.upload": ("上传数据版本", "Upload revisions"),
    "rulebook.manage": ("提出和审批规则", "Propose and decide rules"),
    "rulebook.read": ("查看规则", "Read the rulebook"),
    "second_factor.manage": ("管理双重验证", "Manage the second factor"),
    "session.own": ("管理本人会话", "Manage own sessions"),
    "statement.read": ("查看结算单", "Read statements"),
    "supervise": ("监管", "Supervise"),
    "usage.read": ("查看用量", "Read usage"),
    "webhook.manage": ("管理网络回调", "Manage webhooks"),
}


ACTOR_KINDS = {"person": Label("个人", "Person"), "program": Label("程序", "Program")}
"""Who acts: a person who signed in, or a program with a token."""

DECISIONS = {"reject": Label("不予通过", "Reject"), "verify": Label("通过核验", "Verify")}
"""What is decided on the evidence of an organisation."""


def register() -> None:
    """Make every label known to :mod:`infra.labels`.

    :raises ValueError: a code has no label, or a label no code.
    """
    for group in (
        _PARTIES,
        _LISTINGS,
        _QUALITY,
        _CONTRACTS,
        _MONEY,
        _OPERATIONS,
        _EVENTS,
        {Permission: _PERMISSIONS},
    ):
        for kind, texts in group.items():
            labels.register(kind, {kind(code): Label(zh, en) for code, (zh, en) in texts.items()})
    labels.register(Classification, CLASSIFICATION_LABELS)
    labels.register(Consideration, CONSIDERATION_LABELS)
    labels.register(Scenario, SCENARIO_LABELS)
    labels.register(RightKind, {kind: Label(text.zh_2025, text.en) for kind, text in RIGHT_LABELS.items()})
    labels.register(
        PurposeClass, {kind: Label(terms.chinese[0], terms.english) for kind, terms in PURPOSE_TERMS.items()}
    )
