"""Labels of events and their deliveries."""

from contracts.licences.tables import TokenEndReason
from infra.events.domain import DeliveryAction, DeliveryStatus
from infra.events.kinds import EventKind
from infra.webhooks.domain import DisabledReason, EndpointStatus, WebhookDeliveryStatus
from market.code_lists.labels.texts import LabelTexts
from market.metering.domain import CloseReason

LABELS: LabelTexts = {
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
