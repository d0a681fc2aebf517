"""Labels of uploads, and of what is read from files."""

from listings.ingest.formats import ColumnFormat
from listings.ingest.personal import ContentKind
from listings.ingest.result import DecimalMark, Delimiter, Kind, Quote, TextEncoding
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
    Quote: {
        "double": ("双引号", "Double quotes"),
        "single": ("单引号", "Single quotes"),
        "none": ("无引号", "None"),
    },
    DecimalMark: {
        "point": ("小数点（.）", "Point"),
        "comma": ("逗号（,）", "Comma"),
    },
}
