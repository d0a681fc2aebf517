"""Columns of our own with what they hold, for `bench_classification`: made-up people only, check digits valid.

Two parts from two pools that share no heading, no given name, no street and no seed: one to tune by, one held out.
"""

# ruff: noqa: E501 -- lists of headings and words, one a line

import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from listings.classification.kinds import PersonalKind as P
from listings.classification.proposals import ColumnSample
from listings.ingest.result import Kind

VALUES = 200
Maker = Callable[["Pool"], str]


@dataclass(frozen=True)
class Labelled:
    """A column, and the personal information it holds; None for none. ``hard`` ones are made to be mistaken."""

    sample: ColumnSample
    kind: P | None
    hard: bool


class Pool:
    """What values of one part are made of."""

    def __init__(self, part: int) -> None:
        self.part = part
        self.random = random.Random(f"labelled-{part}")

    def half(self, items: list[str]) -> list[str]:
        """This part's half of some items."""
        return items[self.part :: 2]

    def pick(self, text: str) -> str:
        """One of this part's half of blank-separated items."""
        return self.random.choice(self.half(text.split()))

    def digits(self, count: int) -> str:
        return "".join(self.random.choice(string.digits) for _ in range(count))


SURNAMES = (
    "王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 胡 朱 高 林 何 郭 马 罗 梁 宋 郑 谢 韩 唐 冯 于 董 萧 程 曹 袁 邓 许 傅 沈 曾 彭 吕 苏 卢 蒋 蔡 贾 丁 魏 薛 叶"
    " 阎 余 潘 杜 戴 夏 钟 汪 田 任 姜 范 方 石 姚 谭 廖 邹 熊 金 陆 郝 孔 白 崔 康 毛 邱 秦 江 史 顾 侯 邵 孟 龙 万 段 雷 钱 汤 尹 黎 易 常 武 欧阳 上官 诸葛"
    " 逄 禚 仉 郄 厍 亓"
)
GIVEN = (
    "伟 芳 娜 秀英 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 秀兰 霞 平 刚 桂英 文博 子涵 雨桐 浩然 梓轩 欣怡 诗涵 宇轩 佳琪 俊杰 思远 建国 志强 建华 晓燕"
    " 海燕 玉兰 桂兰 春梅 国栋 家豪 一诺 若曦 奕辰 沐宸 语嫣 书瑶 锦程 知行 淑芬 凤英 红梅 永康 德华 振宇 鸿飞 景行 令仪 望舒 星野 渔歌 楠 瑾 骁 璟 琰 溪 朵 麦 宥"
)
STREETS = (
    "人民路 解放路 中山路 建设路 和平街 新华街 长江路 黄河路 文化路 胜利街 光明路 友谊路 朝阳街 滨江大道 学府路 工业大道 科技路 翠竹街 梧桐巷 柳荫街 桃源路 永安里"
    " 望江路 石鼓路 虎丘路 枫林路"
)
DIVISIONS = (
    "浙江省杭州市西湖区 江苏省南京市鼓楼区 广东省广州市天河区 四川省成都市武侯区 湖北省武汉市洪山区 山东省济南市历下区 北京市海淀区 上海市浦东新区 天津市河西区"
    " 重庆市渝中区 福建省厦门市思明区 湖南省长沙市岳麓区 河南省郑州市金水区 陕西省西安市雁塔区"
)
GOODS = (
    "黄瓜 白菜 金针菇 江米 马蹄 石榴 夏威夷果 白萝卜 黄豆 高粱 何首乌 党参 金银花 苏打水 方便面 毛豆 温泉蛋 田七 杜仲 易拉罐 万年青 白芍 龙井茶 石斛 水蜜桃 马铃薯 黄花菜 金橘 华夫饼"
    " 史密斯热水器 康乃馨 秦艽 汤圆 贝母 胡萝卜 包菜"
)
PLACES = "江宁 马鞍山 张家港 石家庄 高家桥 黄山 金华 龙岩 白云 武汉 常州 温州 连云港 安阳 洛阳 万州 李沧 江门 汤阴 贺州 孟州 任丘 项城 邓州 辛集 梅州 柳州 韶关 秦皇岛 魏县 郭家湾 王村 赵庄"
STATIONS = "东四站 奥体中心 官园 万寿西宫 农展馆 天坛 古城 定陵 前门 永定门内 高淳老职中 迈皋桥 玄武湖 瑞金路 草场门 山西路 中华门 仙林大学城"
FIRMS = "示范科技 远洋物流 晨光食品 宏图建筑 蓝天环保 金桥置业 华夏纺织 东风汽配 明珠医药 瑞丰农业 永安保险 长城电器"


def resident_id(pool: Pool) -> str:
    r = pool.random
    body = f"{r.choice(['110101', '310104', '440106', '320102', '510107'])}{r.randint(1950, 2012)}{r.randint(1, 12):02d}{r.randint(1, 28):02d}{r.randint(0, 999):03d}"
    return body + _check(body)


def _check(body: str) -> str:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


def old_resident_id(pool: Pool) -> str:
    r = pool.random
    return f"{r.choice(['110101', '310104', '440106'])}{r.randint(40, 80):02d}{r.randint(1, 12):02d}{r.randint(1, 28):02d}{r.randint(0, 999):03d}"


def mobile(pool: Pool) -> str:
    number = pool.random.choice(["13", "15", "17", "18", "19"]) + pool.digits(9)
    return pool.random.choice([number] * 8 + [f"{number[:3]}-{number[3:7]}-{number[7:]}", f"+86 {number}"])


def card(pool: Pool) -> str:
    body = pool.random.choice(["622202", "621700", "622848", "621661"]) + pool.digits(12)
    doubled = [int(d) * 2 for d in body[::-2]]
    total = sum(n - 9 if n > 9 else n for n in doubled) + sum(int(d) for d in body[-2::-2])
    return body + str(-total % 10)


def email(pool: Pool) -> str:
    name = "".join(pool.random.choice(string.ascii_lowercase) for _ in range(pool.random.randint(4, 9)))
    return f"{name}{pool.random.randint(1, 99)}@{pool.random.choice(['example.com', 'mail.example.cn', 'example.org'])}"


def name(pool: Pool) -> str:
    return pool.pick(SURNAMES) + pool.pick(GIVEN)


def masked_name(pool: Pool) -> str:
    return pool.pick(SURNAMES)[0] + "*" * pool.random.randint(1, 2)


def english_name(pool: Pool) -> str:
    first = pool.half(["Wei", "Fang", "Ming", "Alice", "Robert", "Maria", "Lei", "Jun", "Grace", "Peter"])
    last = pool.half(["Zhang", "Wang", "Li", "Smith", "Chen", "Garcia", "Liu", "Brown", "Zhao", "Miller"])
    return f"{pool.random.choice(first)} {pool.random.choice(last)}"


def home(pool: Pool) -> str:
    r = pool.random
    ending = r.choice(
        [
            f"{r.randint(1, 40)}栋{r.randint(1, 4)}单元{r.randint(101, 3204)}室",
            f"{r.randint(1, 900)}弄{r.randint(1, 60)}号{r.randint(101, 1804)}室",
            f"{r.randint(1, 30)}-{r.randint(1, 4)}-{r.randint(101, 1804)}",
        ]
    )
    return f"{pool.pick(DIVISIONS)}{pool.pick(STREETS)}{r.randint(1, 900)}号{ending}"


def office(pool: Pool) -> str:
    return f"{pool.pick(DIVISIONS)}{pool.pick(STREETS)}{pool.random.randint(1, 900)}号"


def plate(pool: Pool) -> str:
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    r = pool.random
    tail = r.choice(
        [r.choice(letters) + pool.digits(4), pool.digits(5), "D" + r.choice(letters) + pool.digits(4)]
    )
    return r.choice("京沪粤苏浙川鄂鲁") + r.choice("ABCDEFG") + r.choice(["", "·"]) + tail


def passport(pool: Pool) -> str:
    return pool.random.choice(["E", "G", "EA", "EB", "ED"]) + pool.digits(8)


def landline(pool: Pool) -> str:
    return f"{pool.random.choice(['010', '021', '025', '0571'])}-{pool.random.randint(2, 8)}{pool.digits(7)}"


def birth(pool: Pool) -> str:
    r = pool.random
    return f"{r.randint(1940, 2015)}-{r.randint(1, 12):02d}-{r.randint(1, 28):02d}"


def point(pool: Pool) -> str:
    return f"{pool.random.uniform(75, 134):.6f},{pool.random.uniform(19, 52):.6f}"


def credit_code(pool: Pool) -> str:
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    body = (
        pool.random.choice(["91", "11", "12", "51"])
        + "310104"
        + "".join(pool.random.choice(alphabet) for _ in range(9))
    )
    weights = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
    total = sum(alphabet.index(s) * w for s, w in zip(body, weights, strict=True))
    return body + alphabet[(31 - total % 31) % 31]


def order_18(pool: Pool) -> str:
    r = pool.random
    return f"2026{r.randint(1, 12):02d}{r.randint(1, 28):02d}{r.randint(0, 23):02d}{r.randint(0, 59):02d}{pool.digits(6)}"


def order_dated_18(pool: Pool) -> str:
    r = pool.random
    return f"{pool.digits(6)}2026{r.randint(1, 12):02d}{r.randint(1, 28):02d}{pool.digits(4)}"


def ean(pool: Pool) -> str:
    body = "69" + pool.digits(10)
    total = sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(body))
    return body + str(-total % 10)


POSITIVES: dict[P, tuple[list[str], list[Maker]]] = {
    P.RESIDENT_ID: (
        [
            "身份证号",
            "id_card",
            "公民身份号码",
            "idCardNo",
            "证件号",
            "citizen_id",
            "申请人证件",
            "f12",
            "col_3",
            "字段7",
            "zjhm",
            "ID NO.",
            "法人身份证号",
            "holder_document",
            "号码",
            "患者身份证",
        ],
        [resident_id, resident_id, resident_id, old_resident_id],
    ),
    P.MOBILE_NUMBER: (
        [
            "手机号",
            "mobile",
            "联系手机",
            "phone",
            "联系电话",
            "contact_phone",
            "tel",
            "f5",
            "c9",
            "字段2",
            "收货人电话",
            "cellphone",
            "号码2",
            "owner_tel",
            "电话(本人)",
            "MobileNo",
        ],
        [mobile],
    ),
    P.BANK_CARD: (
        [
            "银行卡号",
            "card_no",
            "收款账号",
            "bankAccount",
            "卡号",
            "account_number",
            "f8",
            "col_11",
            "字段9",
            "开户账号",
            "pay_card",
            "工资卡",
        ],
        [card],
    ),
    P.EMAIL: (
        ["邮箱", "email", "电子邮箱", "contact_email", "mail", "f3", "col_6", "字段4", "通知邮箱", "E-mail"],
        [email],
    ),
    P.PERSON_NAME: (
        [
            "姓名",
            "name",
            "联系人",
            "applicant_name",
            "full_name",
            "负责人",
            "法定代表人",
            "f1",
            "col_1",
            "字段1",
            "患者",
            "学生姓名",
            "户主",
            "经办人",
            "contact",
            "driver_name",
            "户籍人员",
            "当事人",
            "xm",
            "customer_name",
        ],
        [name, name, name, masked_name],
    ),
    P.ADDRESS: (
        [
            "家庭住址",
            "home_address",
            "住址",
            "现住址",
            "address",
            "地址",
            "f7",
            "col_8",
            "字段6",
            "收货地址",
            "residence",
            "户籍地址",
            "详细地址",
            "居住地",
        ],
        [home],
    ),
    P.VEHICLE_PLATE: (
        [
            "车牌号",
            "plate_no",
            "号牌号码",
            "vehicle_plate",
            "车牌",
            "f4",
            "col_5",
            "字段8",
            "licence_plate",
            "车辆",
        ],
        [plate],
    ),
    P.PASSPORT: (["护照号", "passport_no", "护照号码", "passport", "通行证号", "passportNumber"], [passport]),
    P.TELEPHONE: (["家庭电话", "住宅电话", "home_phone", "联系电话", "phone", "紧急联系电话"], [landline]),
    P.BIRTH_DATE: (
        ["出生日期", "birth_date", "出生年月", "dob", "生日", "dateOfBirth", "birthday", "出生年月日"],
        [birth],
    ),
    P.DEMOGRAPHIC: (["性别", "gender", "民族", "sex", "年龄", "age"], []),
    P.HEALTH: (["诊断", "diagnosis", "疾病名称", "病史", "诊断结果", "medical_history"], []),
}


def note_with_number(pool: Pool) -> str:
    text = pool.random.choice(["现场已确认", "请回电", "材料不全，待补", "已电话通知本人"])
    return f"{text} {mobile(pool)}" if pool.random.random() < 0.15 else text


def titled_name(pool: Pool) -> str:
    return name(pool) + pool.random.choice(["（经理）", "(主任)", " 老师", ""])


def minority_name(pool: Pool) -> str:
    return (
        pool.random.choice(["买买提", "阿依古丽", "古丽娜尔", "艾力"])
        + "·"
        + pool.random.choice(["吐尔逊", "艾合买提", "玉素甫"])
    )


def plain_home(pool: Pool) -> str:
    return f"{pool.pick(STREETS)}{pool.random.randint(1, 900)}号"


def order_11(pool: Pool) -> str:
    return "1" + pool.random.choice("3579") + pool.digits(9)


HARD_POSITIVES: list[tuple[P, list[str], Maker]] = [
    (P.MOBILE_NUMBER, ["备注", "remark", "处理结果", "note"], note_with_number),
    (P.PERSON_NAME, ["值班人员", "handler", "讲解员", "guest"], titled_name),
    (P.PERSON_NAME, ["姓名", "full_name", "联系人", "person_name"], minority_name),
    (P.PERSON_NAME, ["guest_name", "participant", "attendee", "member_name"], english_name),
    (P.ADDRESS, ["住址", "home_address", "现住址", "家庭住址"], plain_home),
    (P.VEHICLE_PLATE, ["车辆信息", "vehicle", "备案车辆", "car"], lambda p: f"{plate(p)} 小型客车"),
]
"""Personal information in odd places and forms."""

CHOICES = {
    "性别": "男 女", "gender": "M F", "sex": "male female", "民族": "汉族 回族 满族 壮族 苗族", "年龄": "23 45 67 34 12", "age": "5 18 33 71",
    "诊断": "高血压 糖尿病 肺炎 骨折", "diagnosis": "hypertension diabetes asthma", "疾病名称": "感冒 胃炎 湿疹", "病史": "无 哮喘 结核",
    "诊断结果": "阴性 阳性 待查", "medical_history": "none asthma",
}  # fmt: skip


def choose(words: str) -> Maker:
    return lambda pool: pool.random.choice(words.split())


def part_of(words: str) -> Maker:
    return lambda pool: pool.pick(words)


def number(low: float, high: float, places: int) -> Maker:
    return lambda pool: f"{pool.random.uniform(low, high):.{places}f}"


def stamp(pool: Pool) -> str:
    return f"2026-{pool.random.randint(1, 12):02d}-{pool.random.randint(1, 28):02d}T{pool.random.randint(0, 23):02d}:00:00"


def firm(pool: Pool) -> str:
    return f"{pool.random.choice(['上海', '杭州', '成都', '南京'])}{pool.pick(FIRMS)}有限公司"


NEGATIVES: list[tuple[list[str], Maker, Kind, bool]] = [
    (
        ["订单号", "order_no", "流水号", "trade_no", "f2", "col_4", "业务编号", "serial"],
        order_18,
        Kind.TEXT,
        True,
    ),
    (["交易编号", "batch_no", "运单号", "waybill", "f9", "字段3"], order_dated_18, Kind.TEXT, True),
    (["条形码", "ean13", "商品条码", "barcode", "f6", "upc"], ean, Kind.TEXT, True),
    (
        ["时间戳", "ts", "timestamp_ms", "epoch", "f10", "col_9"],
        lambda p: str(1_760_000_000_000 + p.random.randint(0, 10**10)),
        Kind.INTEGER,
        True,
    ),
    (
        ["时间戳秒", "epoch_s", "unix_time", "created"],
        lambda p: str(1_760_000_000 + p.random.randint(0, 10**7)),
        Kind.INTEGER,
        True,
    ),
    (
        ["站点编号", "station_code", "设备编码", "device_id", "f11", "site_no"],
        lambda p: f"{p.random.randint(1000, 3999)}A",
        Kind.TEXT,
        False,
    ),
    (
        ["传感器编号", "sensor_id", "桩号", "meter_no"],
        lambda p: p.digits(11).replace("1", "2", 1),
        Kind.TEXT,
        True,
    ),
    (
        ["产品名称", "product", "品名", "item_name", "商品", "f13", "col_12", "药品名称"],
        part_of(GOODS),
        Kind.TEXT,
        True,
    ),
    (["地名", "place", "所属区域", "city_name", "f14", "col_13", "站名"], part_of(PLACES), Kind.TEXT, True),
    (["监测站名称", "station_name", "站点", "site", "f15", "站点名"], part_of(STATIONS), Kind.TEXT, True),
    (
        ["企业名称", "company", "单位名称", "organisation", "f16", "运营单位", "owner_company", "col_14"],
        firm,
        Kind.TEXT,
        False,
    ),
    (["统一社会信用代码", "uscc", "信用代码", "credit_code", "f17", "col_15"], credit_code, Kind.TEXT, True),
    (
        ["注册地址", "office_address", "机构地址", "addr", "站点地址", "col_16", "f18", "单位地址"],
        office,
        Kind.TEXT,
        True,
    ),
    (["办公电话", "hotline", "服务热线", "office_phone", "值班电话", "fax"], landline, Kind.TEXT, True),
    (["经度", "lon", "站点经度", "longitude"], number(103, 122, 6), Kind.DECIMAL, True),
    (["纬度", "lat", "站点纬度", "latitude"], number(22, 41, 6), Kind.DECIMAL, True),
    (["坐标", "geo_point", "经纬度", "coordinates"], point, Kind.TEXT, True),
    (["PM2.5", "pm25", "细颗粒物(µg/m³)", "pm2_5"], number(3, 180, 1), Kind.DECIMAL, False),
    (["气温", "temperature", "temp_c", "水温(℃)"], number(-10, 40, 1), Kind.DECIMAL, False),
    (["降水量", "rainfall_mm", "雨量", "precipitation"], number(0, 80, 1), Kind.DECIMAL, False),
    (["水位", "water_level", "流量", "flow"], number(1, 60, 2), Kind.DECIMAL, False),
    (["监测时间", "observed_at", "更新时间", "updated_at"], stamp, Kind.TIMESTAMP, False),
    (["成立日期", "founded_on", "发布日期", "issued"], birth, Kind.DATE, True),
    (["状态", "status", "类型", "category"], choose("正常 停用 维修"), Kind.TEXT, False),
    (["等级", "level", "是否达标", "grade"], choose("优 良 轻度污染"), Kind.TEXT, False),
    (["单价", "price_yuan", "金额", "amount"], number(1, 9000, 2), Kind.DECIMAL, False),
    (["数量", "count", "人数", "total"], lambda p: str(p.random.randint(0, 5000)), Kind.INTEGER, False),
    (["面积(m²)", "area_m2", "里程", "length_km"], number(1, 900, 1), Kind.DECIMAL, False),
    (["备注", "remark", "说明", "note"], choose("无 已处理 待复核 现场确认"), Kind.TEXT, False),
    (
        ["版本号", "ip", "ip_address", "mac"],
        lambda p: f"10.{p.random.randint(0, 255)}.{p.random.randint(0, 255)}.{p.random.randint(1, 254)}",
        Kind.TEXT,
        True,
    ),
    (
        ["网址", "url", "homepage", "link"],
        lambda p: f"https://www.example.cn/{p.digits(6)}",
        Kind.TEXT,
        False,
    ),
    (
        ["项目编号", "project_code", "合同编号", "contract_no"],
        lambda p: f"HT-2026-{p.digits(11)}",
        Kind.TEXT,
        True,
    ),
    (
        ["区划代码", "adcode", "行政区划代码", "region_code"],
        lambda p: p.random.choice(["310104", "110101", "440106"]),
        Kind.TEXT,
        False,
    ),
    (
        ["航班号", "flight_no", "车次", "train_no"],
        lambda p: p.random.choice(["G", "D", "CA", "MU"]) + p.digits(4),
        Kind.TEXT,
        True,
    ),
    (["设备型号", "model", "规格型号", "part_no"], lambda p: f"E{p.digits(8)}", Kind.TEXT, True),
    (["IMEI", "imei", "设备串号", "imei_no"], lambda p: "86" + p.digits(13), Kind.TEXT, True),
    (["订单编号", "order_id", "工单号", "f19"], order_11, Kind.TEXT, True),
    (["发票号码", "invoice", "编号", "f20"], lambda p: "62" + p.digits(14), Kind.TEXT, True),
    (["病历号", "case_id", "档案编号", "f21"], lambda p: p.digits(15), Kind.TEXT, True),
    (["路名", "road", "道路名称", "street_name"], part_of(STREETS), Kind.TEXT, True),
    (
        ["树种", "species", "作物", "crop"],
        choose("石楠 海棠 金叶女贞 黄杨 白蜡 高山榕 柳杉 杜英 秋枫 万寿菊"),
        Kind.TEXT,
        True,
    ),
]
"""Headings, what makes the values, their type, and whether they are made to be mistaken."""


def _column(pool: Pool, heading: str, maker: Maker, kind: Kind, personal: P | None, hard: bool) -> Labelled:
    values = tuple(maker(pool) for _ in range(VALUES))
    return Labelled(ColumnSample(heading, kind, values), personal, hard)


def with_gaps(maker: Maker) -> Maker:
    def one(pool: Pool) -> str:
        return pool.random.choice(["无", "未登记", "-"]) if pool.random.random() < 0.3 else maker(pool)

    return one


def part(which: int, repeats: int = 3) -> Iterator[Labelled]:
    """All columns of one part.

    :param which: 0 to tune by, 1 held out.
    :param repeats: columns for each heading, with other values each.
    """
    pool = Pool(which)
    for personal, (headings, makers) in POSITIVES.items():
        for heading in pool.half(headings):
            made = makers or [choose(CHOICES[heading])]
            for turn in range(repeats):
                maker = made[turn % len(made)]
                kind = Kind.DATE if personal is P.BIRTH_DATE else Kind.TEXT
                yield _column(
                    pool, heading, maker, kind, personal, hard=heading[:1] in "fc字" and "_" not in heading
                )
            if personal in (P.RESIDENT_ID, P.MOBILE_NUMBER, P.PERSON_NAME):
                # Some rows are empty of it, and say so in words.
                gaps = with_gaps(made[0])
                yield _column(pool, heading, gaps, Kind.TEXT, personal, hard=True)
    for personal, headings, maker in HARD_POSITIVES:
        for heading in pool.half(headings):
            for _ in range(repeats):
                yield _column(pool, heading, maker, Kind.TEXT, personal, hard=True)
    for headings, maker, kind, hard in NEGATIVES:
        for heading in pool.half(headings):
            for _ in range(repeats):
                yield _column(pool, heading, maker, kind, None, hard)
