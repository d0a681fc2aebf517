"""Labels of resources, products, editions, classification, revisions and the catalogue."""

from infra.rulebook.domain import SourceStatus
from listings.catalogue.entries import CatalogueSort, Facet, PriceKind
from listings.classification.answers import ProposalAnswer
from listings.classification.kinds import PersonalKind
from listings.editions.domain import Answer
from listings.editions.states import EditionAction, EditionStatus, ReviewDecision
from listings.enforcement.states import EnforcementAction, EnforcementGround, EnforcementStatus
from listings.findings.domain import FindingStatus
from listings.freshness.domain import Freshness
from listings.gradings.domain import GradingAction, ImpactDegree, ImpactObject
from listings.impact_assessments.domain import AssessmentGround
from listings.products.domain import DeliveryClass
from listings.products.masking import GeneraliseTo, MaskMethod
from listings.products.states import ProductAction, ProductStatus
from listings.purges.states import PurgeAction, PurgeStatus
from listings.resources.domain import UpdateFrequency
from listings.revisions.differences import ColumnChange
from listings.revisions.states import ChangeAction, ChangeStatus, RevisionStatus
from listings.samples.domain import DrawMethod, FilterTest
from listings.service_credits.domain import PromiseKind
from market.code_lists.labels.texts import LabelTexts

LABELS: LabelTexts = {
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
        "relisting": ("恢复上架", "Relisting"),
    },
    EnforcementStatus: {
        "warned": ("已警告", "Warned"),
        "cure_period": ("整改期", "Cure period"),
        "suspended": ("已暂停", "Suspended"),
        "delisted": ("已强制下架", "Delisted"),
        "cured": ("已整改", "Cured"),
        "terminated": ("已终止", "Terminated"),
    },
    EnforcementAction: {
        "warning": ("警告", "Warning"),
        "cure_order": ("责令整改", "Cure order"),
        "suspension": ("暂停", "Suspension"),
        "delisting": ("强制下架", "Delisting"),
        "relisting": ("恢复上架", "Relisting"),
        "cure": ("整改完成", "Cure"),
        "termination": ("终止", "Termination"),
        "extension": ("延长期限", "Extension"),
        "relisting_request": ("申请恢复", "Request to a regulator"),
        "hold": ("不再进入下一步", "No further step"),
    },
    EnforcementGround: {
        "failed_revisions": ("连续数据版本不合格", "Revisions failed in a row"),
        "late_data": ("数据长期逾期", "Data long overdue"),
        "unavailable": ("数据接口长期不可用", "Data calls not answered"),
    },
    PromiseKind: {
        "freshness": ("更新及时性", "Freshness"),
        "availability": ("可用性", "Availability"),
    },
    GradingAction: {
        "requested": ("已申请", "Requested"),
        "approved": ("已批准", "Approved"),
        "rejected": ("已驳回", "Rejected"),
        "withdrawn": ("已撤回", "Withdrawn"),
        "revoked": ("已撤销批准", "Revoked"),
        "raised": ("已调高", "Raised"),
    },
    MaskMethod: {
        "show": ("原样显示", "Show"),
        "hide": ("隐藏", "Hide"),
        "truncate": ("截断", "Truncate"),
        "generalise": ("泛化", "Generalise"),
        "hash": ("加密散列", "Hash"),
    },
    GeneraliseTo: {
        "band": ("数值区间", "Band"),
        "month": ("年月", "Month"),
        "year": ("年份", "Year"),
        "province": ("省份", "Province"),
    },
    DrawMethod: {
        "first": ("前若干行", "First rows"),
        "rows": ("指定行", "Chosen rows"),
        "filter": ("按条件", "By condition"),
        "stratified": ("分层抽样", "Stratified"),
    },
    FilterTest: {
        "eq": ("等于", "Equal to"),
        "ne": ("不等于", "Not equal to"),
        "ge": ("不小于", "At least"),
        "le": ("不大于", "At most"),
        "missing": ("缺失", "Missing"),
        "present": ("有值", "Present"),
    },
    ProposalAnswer: {
        "confirmed": ("已确认", "Confirmed"),
        "rejected": ("已否定", "Rejected"),
    },
    PersonalKind: {
        "resident_id": ("居民身份号码", "Resident identity number"),
        "mobile_number": ("手机号码", "Mobile number"),
        "bank_card": ("银行卡号", "Bank card number"),
        "email": ("电子邮箱", "E-mail address"),
        "person_name": ("姓名", "Name of a person"),
        "address": ("住址", "Home address"),
        "vehicle_plate": ("车牌号码", "Vehicle plate"),
        "passport": ("护照号码", "Passport number"),
        "telephone": ("电话号码", "Telephone number"),
        "birth_date": ("出生日期", "Date of birth"),
        "location": ("位置信息", "Location"),
        "demographic": ("人口特征", "Demographic characteristic"),
        "health": ("健康信息", "Health information"),
        "biometric": ("生物识别信息", "Biometric information"),
        "financial": ("个人财产信息", "Financial information"),
        "person_number": ("个人编号", "Number of a person"),
    },
    ImpactObject: {
        "national_security": ("国家安全", "National security"),
        "economic_operation": ("经济运行", "Economic operation"),
        "social_order": ("社会秩序", "Social order"),
        "public_interest": ("公共利益", "Public interest"),
        "organisation_rights": ("组织权益", "Rights of organisations"),
        "individual_rights": ("个人权益", "Rights of individuals"),
    },
    ImpactDegree: {
        "especially_serious": ("特别严重危害", "Especially serious harm"),
        "serious": ("严重危害", "Serious harm"),
        "general": ("一般危害", "General harm"),
    },
    AssessmentGround: {
        "sensitive": ("处理敏感个人信息", "Sensitive personal information"),
        "automated_decision": ("自动化决策", "Automated decisions"),
        "provision": ("委托处理、提供或公开", "Entrusting, provision or disclosure"),
        "export": ("向境外提供", "Provision abroad"),
        "other": ("其他", "Other"),
    },
    EditionStatus: {
        "draft": ("草稿", "Draft"),
        "submitted": ("待审核", "Submitted"),
        "in_force": ("生效中", "In force"),
        "superseded": ("已被替代", "Superseded"),
        "refused": ("未通过", "Refused"),
        "withdrawn": ("已撤回", "Withdrawn"),
    },
    EditionAction: {
        "submission": ("提交审核", "Submission"),
        "approval": ("审核通过", "Approval"),
        "return": ("退回修改", "Return"),
        "refusal": ("不予通过", "Refusal"),
        "withdrawal": ("撤回", "Withdrawal"),
        "replacement": ("被替代", "Replacement"),
    },
    ReviewDecision: {
        "approved": ("审核通过", "Approved"),
        "returned": ("退回修改", "Returned"),
        "refused": ("不予通过", "Refused"),
    },
    Answer: {"changed": ("已修改", "Changed"), "explained": ("已说明", "Explained")},
    Facet: {
        "base": ("基础库", "Base library"),
        "theme": ("主题库", "Theme library"),
        "owner": ("数据持有方", "Data owner"),
        "operator": ("运营机构", "Operator"),
        "grade": ("质量等级", "Quality grade"),
        "price": ("收费方式", "Kind of price"),
        "delivery": ("交付方式", "Delivery"),
        "freshness": ("更新情况", "Freshness"),
        "region": ("适用地区", "Region"),
    },
    CatalogueSort: {
        "relevance": ("相关度", "Relevance"),
        "newest": ("最新上架", "Newest"),
        "updated": ("最近更新", "Recently updated"),
        "grade": ("质量得分", "Quality score"),
        "title_zh": ("中文名称", "Chinese title"),
        "title_en": ("英文名称", "English title"),
    },
    PriceKind: {
        "free": ("免费", "Free"),
        "per_use": ("按用量收费", "Per use"),
        "subscription": ("按期收费", "Subscription"),
    },
    Freshness: {
        "on_time": ("按承诺更新", "On time"),
        "late": ("逾期未更新", "Late"),
        "no_promise": ("未承诺频率", "No promise"),
    },
    DeliveryClass: {"records_api": ("数据接口", "Records API")},
    FindingStatus: {
        "open": ("待处理", "Open"),
        "contested": ("已提出异议", "Contested"),
        "accepted": ("异议成立", "Accepted as none"),
        "rejected": ("异议不成立", "Found right"),
    },
    ChangeAction: {
        "announcement": ("预告", "Announcement"),
        "withdrawal": ("撤回", "Withdrawal"),
    },
    ChangeStatus: {
        "proposed": ("待预告", "Proposed"),
        "announced": ("已预告", "Announced"),
        "withdrawn": ("已撤回", "Withdrawn"),
    },
    ColumnChange: {
        "added": ("新增", "Added"),
        "narrowed": ("收窄", "Narrowed"),
        "removed": ("删除", "Removed"),
        "retyped": ("改变类型", "Retyped"),
        "widened": ("放宽", "Widened"),
    },
    PurgeAction: {
        "confirmation": ("确认", "Confirmation"),
        "completion": ("完成", "Completion"),
        "rejection": ("驳回", "Rejection"),
    },
    PurgeStatus: {
        "ordered": ("已下令", "Ordered"),
        "confirmed": ("已确认", "Confirmed"),
        "completed": ("已完成", "Completed"),
        "rejected": ("已驳回", "Rejected"),
    },
    RevisionStatus: {
        "announced": ("已预告", "Announced"),
        "current": ("当前", "Current"),
        "purged": ("已清除", "Purged"),
        "recalled": ("已召回", "Recalled"),
        "replaced": ("已更新", "Replaced"),
        "suspended": ("已暂停", "Suspended"),
        "withdrawn": ("已撤回", "Withdrawn"),
    },
    SourceStatus: {
        "T": ("已核对全文", "Read in full text"),
        "S": ("依据摘录", "Read in an excerpt"),
        "M": ("未经核实", "Recalled, not verified"),
        "house": ("平台规则", "Decided by the market"),
    },
}
