"""Labels of resources, rights, authorisations, products, revisions and what files hold."""

from infra.rulebook.domain import SourceStatus
from listings.authorisations.domain import AuthorisationSide, Procedure, SignatureDecision
from listings.authorisations.states import AuthorisationAction, AuthorisationStatus
from listings.catalogue.entries import CatalogueSort, Facet, PriceKind
from listings.classification.answers import ProposalAnswer
from listings.classification.kinds import PersonalKind
from listings.editions.domain import Answer
from listings.editions.states import EditionAction, EditionStatus, ReviewDecision
from listings.findings.domain import FindingStatus
from listings.freshness.domain import Freshness
from listings.gradings.domain import GradingAction, ImpactDegree, ImpactObject
from listings.impact_assessments.domain import AssessmentGround
from listings.ingest.formats import ColumnFormat
from listings.ingest.personal import ContentKind
from listings.ingest.result import DecimalMark, Delimiter, Kind, Quote, TextEncoding
from listings.products.domain import DeliveryClass
from listings.products.masking import GeneraliseTo, MaskMethod
from listings.products.states import ProductAction, ProductStatus
from listings.purges.states import PurgeAction, PurgeStatus
from listings.registrations.domain import VersionStatus
from listings.registrations.states import (
    ApplicationAction,
    ApplicationStatus,
    ObjectionAction,
    ObjectionDecision,
    ObjectionStatus,
)
from listings.resources.domain import UpdateFrequency
from listings.resources.registration import RegistrationStatus
from listings.revisions.differences import ColumnChange
from listings.revisions.states import ChangeAction, ChangeStatus, RevisionStatus
from listings.rights.domain import EncumbranceKind, GrantForm, RightBasis
from listings.rights.states import (
    EncumbranceAction,
    EncumbranceOutcome,
    EncumbranceStatus,
    GrantAction,
    GrantStatus,
)
from listings.samples.domain import DrawMethod, FilterTest
from listings.uploads.states import CredentialKind, FetchStatus, UploadAction, UploadPhase, UploadStatus
from listings.uploads.times import SourceFrequency
from market.code_lists.labels.texts import LabelTexts

LABELS: LabelTexts = {
    SourceFrequency: {
        "hourly": ("每小时", "Hourly"),
        "daily": ("每日", "Daily"),
        "weekly": ("每周", "Weekly"),
    },
    FetchStatus: {"active": ("启用", "Active"), "paused": ("已暂停", "Paused")},
    CredentialKind: {"bearer": ("令牌", "Bearer token"), "s3": ("对象存储密钥", "S3 access key")},
    UploadStatus: {
        "receiving": ("接收中", "Receiving"),
        "queued": ("待处理", "Queued"),
        "running": ("处理中", "Running"),
        "succeeded": ("已入库", "Succeeded"),
        "failed": ("失败", "Failed"),
        "cancelled": ("已取消", "Cancelled"),
        "expired": ("已过期", "Expired"),
    },
    UploadAction: {
        "completion": ("传完", "Completion"),
        "start": ("开始处理", "Start"),
        "success": ("入库", "Success"),
        "failure": ("失败", "Failure"),
        "cancellation": ("取消", "Cancellation"),
        "expiry": ("过期", "Expiry"),
    },
    UploadPhase: {
        "fetching": ("取回文件", "Fetching"),
        "assembling": ("拼合文件", "Assembling"),
        "unpacking": ("解压", "Unpacking"),
        "reading": ("读取", "Reading"),
        "verifying": ("校验", "Verifying"),
        "writing": ("写入", "Writing"),
        "profiling": ("统计概况", "Profiling"),
        "registering": ("登记", "Registering"),
    },
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
    Quote: {
        "double": ("双引号", "Double quotes"),
        "single": ("单引号", "Single quotes"),
        "none": ("无引号", "None"),
    },
    DecimalMark: {
        "point": ("小数点（.）", "Point"),
        "comma": ("逗号（,）", "Comma"),
    },
    SourceStatus: {
        "T": ("已核对全文", "Read in full text"),
        "S": ("依据摘录", "Read in an excerpt"),
        "M": ("未经核实", "Recalled, not verified"),
        "house": ("平台规则", "Decided by the market"),
    },
}
