"""Labels of usage, invoices, payments, bank statements and the ledger."""

from market.code_lists.labels.texts import LabelTexts
from market.settlement.bank_accounts.states import BankAccountAction, BankAccountStatus
from market.settlement.invoices.states import InvoiceAction, InvoiceStatus
from market.settlement.ledger.domain import AccountKind, AccountRole, Side
from market.settlement.payments.states import Rail, RefundAction, RefundStatus
from market.settlement.rails.bank.entries.candidates import CandidateReason
from market.settlement.rails.bank.review_kinds import ReviewKind
from market.settlement.rails.bank.states import AssignedKind, BankEntryAction, BankEntryStatus, PartKind
from market.settlement.rails.cards.states import CardPaymentAction, CardPaymentStatus
from market.settlement.reconciliation.domain import BreakKind
from market.settlement.splits.domain import SplitRole

LABELS: LabelTexts = {
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
