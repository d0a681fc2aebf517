"""What names, titles and units say of the values of a column. Pure.

Patterns are looked for in the column's name and its titles in the dictionary, in small letters.
"""

import re
from dataclasses import dataclass

from infra.labels import Label


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds of a quantity; None where there is none.

    :param pattern: of names and titles.
    """

    pattern: str
    title: Label
    least: str | None
    most: str | None


@dataclass(frozen=True, slots=True)
class Form:
    """How the values of a well-known kind are written."""

    pattern: str
    title: Label
    form: str


@dataclass(frozen=True, slots=True)
class ListHint:
    """A standard list that names and titles point to."""

    pattern: str
    code: str


def _word(words: str) -> str:
    """One of some English words within a name such as ``mean_wind speed``."""
    return rf"(?:^|[^a-z])(?:{words})(?:$|[^a-z])"


RANGES = (
    Range(_word("lat|latitude") + "|纬度", Label("纬度", "a latitude"), "-90", "90"),
    Range(_word("lon|lng|long|longitude") + "|经度", Label("经度", "a longitude"), "-180", "180"),
    Range(_word("aqi") + "|空气质量指数", Label("空气质量指数", "an air quality index"), "0", "500"),
    Range(r"pm_?(?:2[._]?5|10)(?!\d)", Label("颗粒物浓度", "a concentration of particles"), "0", "1000"),
    Range(_word("so2|no2|o3|nox") + "|二氧化硫|二氧化氮|臭氧", Label("气体浓度", "a gas in air"), "0", "2000"),
    Range(_word("co") + "|一氧化碳", Label("一氧化碳浓度", "a concentration of carbon monoxide"), "0", "150"),
    Range(_word("humidity|rh") + "|湿度", Label("相对湿度", "a relative humidity"), "0", "100"),
    Range(_word("ph") + "|酸碱度", Label("pH 值", "a pH value"), "0", "14"),
    Range(_word("pct|percent|percentage") + "|百分比|百分率|占比", Label("百分比", "a percentage"), "0", "100"),
    Range(_word("temp|temperature") + "|温度|气温|水温", Label("温度", "a temperature"), "-90", "140"),
    Range(_word("wind direction|wind_direction|bearing|azimuth") + "|风向", Label("方位角", "a bearing"), "0", "360"),
    Range(_word("year") + "|年份|年度", Label("年份", "a year"), "1000", "2200"),
    Range(_word("month") + "|月份", Label("月份", "a month"), "1", "12"),
    Range(_word("hour") + "|小时", Label("小时", "an hour"), "0", None),
    Range(_word("age") + "|年龄", Label("年龄", "an age"), "0", "150"),
    Range(
        _word(
            "cost|price|amount|fee|revenue|distance|speed|count|number|num|wind|precipitation|rainfall|quantity|"
            "population|area|length|width|height|weight|volume|capacity|duration|total|flow|consumption|output"
        )
        + "|费用|价格|单价|金额|数量|人数|户数|次数|件数|总数|距离|速度|风速|人口|面积|长度|宽度|高度|重量|体积|容量|"
        "时长|流量|降水|雨量|浓度|用水量|用电量|产量",
        Label("不为负的量", "a quantity that is never negative"),
        "0",
        None,
    ),
)  # fmt: skip
"""The first that fits counts."""

SIGNED = re.compile(
    _word("delta|change|diff|difference|deviation|anomaly|delay|balance|growth|altitude|elevation|offset")
    + "|变化|差值|偏差|同比|环比|增长|余额|延误|海拔|高程"
)
"""Words that say that a quantity may be negative."""

UNIT_RANGES = {
    "%": Range("", Label("以 % 计的量", "a quantity in %"), "0", "100"),
    "‰": Range("", Label("以 ‰ 计的量", "a quantity in ‰"), "0", "1000"),
    "pH": Range("", Label("pH 值", "a pH value"), "0", "14"),
    "℃": Range("", Label("以 ℃ 计的温度", "a temperature in ℃"), "-90", "140"),
    "°C": Range("", Label("以 ℃ 计的温度", "a temperature in ℃"), "-90", "140"),
    "K": Range("", Label("以 K 计的温度", "a temperature in K"), "0", None),
}
POSITIVE_UNITS = re.compile(
    r"(?:[µμun]?g|[mk]g|t|[kcm]?m|km|[kcm]?m[23²³]|ha|亩|m?L|个|件|次|人|户|辆|台|套|项|家|元|万元|亿元|吨|公里|平方米|"
    r"立方米|千瓦时|k?W|k?Wh|h|min|s|d|天|小时|分钟|dB|m/s|km/h)(?:/(?:[mk]?g|m[23²³]|L|h|d|s|人|户|亩|吨|kWh))?"
)
"""Units of masses, lengths, times, counts and money: what is measured in them is not negative."""

FORMS = (
    Form(
        _word("id_card|idcard|identity|citizen_id") + "|身份证|公民身份号码",
        Label("公民身份号码（GB 11643）", "a citizen identity number (GB 11643)"),
        "^[1-9][0-9]{16}[0-9X]$",
    ),
    Form(
        _word("uscc|credit_code|unified_social_credit_code") + "|统一社会信用代码|信用代码",
        Label("统一社会信用代码（GB 32100）", "a unified social credit code (GB 32100)"),
        "^[0-9A-HJ-NPQRTUWXY]{18}$",
    ),
    Form(_word("mobile|cellphone|mobile_phone") + "|手机", Label("手机号码", "a mobile number"), "^1[3-9][0-9]{9}$"),
    Form(_word("postcode|post_code|postal_code") + "|邮政编码|邮编", Label("邮政编码", "a postcode"), "^[0-9]{6}$"),
    Form(
        _word("email|e_mail") + "|邮箱|电子邮件",
        Label("电子邮箱", "an e-mail address"),
        "^[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}[.][A-Za-z]{2,24}$",
    ),
)  # fmt: skip

LIST_HINTS = (
    ListHint(_word("adcode|region_code|division_code|admin_code|xzqhdm") + "|行政区划|区划代码", "gb_t_2260"),
    ListHint(_word("sex_code|gender_code|xbdm") + "|性别代码", "gb_t_2261_1"),
    ListHint(_word("currency|currency_code") + "|币种|货币", "iso_4217"),
    ListHint(_word("country|country_code|nationality") + "|国家代码|国别", "iso_3166_1_alpha_3"),
    ListHint(_word("country|country_code|nationality") + "|国家代码|国别", "iso_3166_1_alpha_2"),
    ListHint(_word("state|state_code"), "iso_3166_2_us"),
    ListHint(_word("unit|uom|unit_of_measure") + "|计量单位|单位符号", "units"),
)
FLAGS = ("yes_no_zh", "yes_no_en", "yes_no_letter")
"""Lists that are recognised by their values alone: all of those of a column."""

FLAG_NAMES = re.compile(_word("is|has|flag") + "|是否|标志|标识位")
"""Names of truth values, for the list of the digits 1 and 0."""

KEY_NAMES = re.compile(
    _word("id|uuid|guid|iata|icao|serial_number|record_no|order_no") + "|编号|单号|流水号|证号|唯一标识"
)
CODE_NAMES = re.compile(_word("id|code|no|uuid|iata|icao") + "|编号|编码|代码|单号|流水号|证号|标识")
OPTIONAL = re.compile(
    _word("remark|remarks|note|notes|comment|comments|memo|description|closed_at|deleted_at|cancelled_at")
    + "|备注|说明|注释|描述|注销日期|撤销日期"
)
"""Columns that are empty by their meaning in most rows."""

FUTURE = re.compile(
    _word("expiry|expires|expire|due|plan|planned|forecast|valid|until|end|scheduled|deadline|target|next")
    + "|到期|截止|有效|预计|计划|预报|结束|期限|下次|届满"
)
"""Dates that may lie ahead."""

PAIRS = (
    (r"(.*)max(?:imum)?(.*)", r"\1min\2"),
    (r"(.*)maximum(.*)", r"\1minimum\2"),
    (r"(.*)end(.*)", r"\1start\2"),
    (r"(.*)end(.*)", r"\1begin\2"),
    (r"(.*)upper(.*)", r"\1lower\2"),
    (r"(.*)high(.*)", r"\1low\2"),
    (r"(.*)closed(.*)", r"\1opened\2"),
    (r"(.*)arrival(.*)", r"\1departure\2"),
    (r"(.*)pm_?10(.*)", r"\1pm25\2"),
    (r"(.*)pm_?10(.*)", r"\1pm2_5\2"),
    (r"(.*)pm_?10(.*)", r"\1pm2.5\2"),
    (r"(.*)最高(.*)", r"\1最低\2"),
    (r"(.*)最大(.*)", r"\1最小\2"),
    (r"(.*)结束(.*)", r"\1开始\2"),
    (r"(.*)终止(.*)", r"\1起始\2"),
    (r"(.*)截止(.*)", r"\1起始\2"),
    (r"(.*)上限(.*)", r"\1下限\2"),
)
"""Of two columns so called the first is never less than the second."""
