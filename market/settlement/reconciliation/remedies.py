"""What a person does about a break, by its kind. Nothing repairs itself."""

from collections.abc import Mapping

from infra.labels import Label
from market.settlement.reconciliation.domain import BreakKind

_CORRECT = Label(
    "查明原因后以更正分录入账；不得改写已有记录。",
    "Find out why, and correct it with a journal of its own; what is recorded is not rewritten.",
)
_BANK = Label(
    "与银行核对，补导缺失的对账单，或以更正分录入账。",
    "Compare with the bank; import the statement that is missing, or correct with a journal.",
)
_CARD = Label("与支付机构核对该笔交易。", "Compare the transaction with the card processor.")
_TAMPERED = Label(
    "疑似被篡改：停用相关事项，从备份与审计日志查明何时、由谁改动，由数据库所有者恢复，并更换服务的数据库密码。",
    "Suspect tampering: stop what is concerned, find out from backups and the audit log when and by whom it was"
    " changed, have the owner of the database restore it, and change the password of the service's database role.",
)
REMEDIES: Mapping[BreakKind, Label] = {
    BreakKind.AGREEMENT: _TAMPERED,
    BreakKind.AUDIT_LOG: _TAMPERED,
    BreakKind.BANK_BALANCE: _BANK,
    BreakKind.BANK_ENTRY: _BANK,
    BreakKind.CARD_BALANCE: _CARD,
    BreakKind.CARD_PAYMENT: Label(
        "与支付机构核对该笔交易。已成功但未核销账单的支付，予以退还：POST /v1/card-payments/{id}/refunds。",
        "Compare the transaction with the card processor. One that succeeded and pays no invoice, give back:"
        " POST /v1/card-payments/{id}/refunds.",
    ),
    BreakKind.CLEARING: _CORRECT,
    BreakKind.COUNTER: _TAMPERED,
    BreakKind.INVOICE_ACCOUNT: Label(
        "登记该币种的银行账户并由另一名工作人员确认；买方随即可在账单上看到付款账户。",
        "Register a bank account in the currency, and have another officer confirm it; the buyer then reads it on the"
        " invoice.",
    ),
    BreakKind.INVOICE_CONTENT: _TAMPERED,
    BreakKind.INVOICE_LINES: _CORRECT,
    BreakKind.INVOICE_OVERDUE: Label("向买方催款。", "Remind the buyer."),
    BreakKind.INVOICE_POSTING: _CORRECT,
    BreakKind.LICENCE_TERMS: _TAMPERED,
    BreakKind.LICENCE_TOKEN: Label(
        "疑似伪造：撤销该令牌并轮换签名密钥。",
        "Suspect forgery: revoke the token and rotate the signing key.",
    ),
    BreakKind.ORGANISATION: Label(
        "暂停该机构并重新核验其身份材料。", "Suspend the organisation, and verify its evidence again."
    ),
    BreakKind.PERIOD_NOT_BILLED: Label(
        "对该协议再次结账，即开出账单；若被拒绝，按所述原因处理。工作进程的日志（period_not_billed）写明未能开单的原因。",
        "Close a period of the agreement again, which bills it; the answer says what is in the way. Why the worker"
        " could not is in its log, as period_not_billed.",
    ),
    BreakKind.PRODUCT: Label("停用该产品并重新审核。", "Suspend the product, and review it again."),
    BreakKind.RECEIVABLE: _CORRECT,
    BreakKind.RULE: Label(
        "经批准重新设定该规则的新版本。", "Set a further version of the rule, with an approval."
    ),
    BreakKind.STATEMENT_GAP: Label(
        "向银行索取缺少的对账单或更正后的对账单并导入。",
        "Ask the bank for the statement that is missing, or for the correction of one of the two, and import it.",
    ),
    BreakKind.STOP: Label(
        "由有权机构重新作出停用或解除停用的决定。",
        "Have whoever may decide it suspend or reinstate the thing again.",
    ),
    BreakKind.SUSPENSE: Label(
        "列出暂挂流水及候选账单（GET /v1/bank-entries?status=suspense），查明款项来源后认领"
        "（POST /v1/bank-entries/{id}/matches），或退回付款人（POST /v1/bank-entries/{id}/refunds，"
        "由另一名财务人员批准）。已申请或已批准的退款：批准后在银行付款，下一份对账单使其完成。",
        "List what waits with the invoices it may be for (GET /v1/bank-entries?status=suspense), find out where the"
        " money is from and say what it is (POST /v1/bank-entries/{id}/matches), or send it back"
        " (POST /v1/bank-entries/{id}/refunds, approved by another officer). Where a refund is requested or approved:"
        " approve it and have the bank make the transfer; the entry of a later statement completes it.",
    ),
    BreakKind.TRIAL_BALANCE: _TAMPERED,
    BreakKind.USAGE: _TAMPERED,
}
