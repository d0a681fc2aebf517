"""What values look like, one at a time. Pure.

Identity numbers, mobile numbers, bank cards and e-mail addresses are told by :mod:`listings.ingest.personal`, which
searches whole files; here is what only counts together with a heading, or in a large share of a column.
"""

import re

from listings.ingest.personal import plain

_SURNAMES = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜"
    "范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛"
    "伍"
    "韦申尤毕聂丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜路詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景"
    "薄单包司柏宁柯阮桂闵解强柴华车冉房边辜吉饶刁瞿戚丘古米池滕晋苑邬臧畅宫来嵺苟全褚廉简娄盖符奚木穆党燕郎邸冀谈姬屠连郜晏栾"
    "郁商蒙计喻揭窦迟宇敖糜鄢冷卓花仇艾蓝都巩稽井练仲乐虞卞封竺冼原官衣楚佟栗匡宗应台巫鞠僧桑荆谌银扬明沙薄伏岑习胥保和蔺"
)
_DOUBLE_SURNAMES = frozenset(
    (
        *("欧阳", "太史", "上官", "端木", "司马", "东方", "独孤", "南宫", "夏侯", "诸葛", "尉迟", "皇甫"),
        *("长孙", "慕容", "宇文", "司徒", "轩辕", "百里", "呼延", "令狐", "东郭", "西门", "公孙"),
    )
)
_GIVEN = frozenset(
    "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂兰玉萍红玲芬燕彬斌鹏飞宇浩凯健俊帆雪梅琳晶欣雨涵梓轩子豪怡佳瑶倩颖婷慧洁"
    "丹蕾莉娇楠宁峰亮建国文华志波辉成龙林东海波丰新民光荣福生春秋冬云霖泽嘉诚思远博睿诗语梦琪可馨晨曦昊天一诺奕辰心悦若曦浩然"
    "宇航佩珊淑珍惠美凤仙翠翔威武坤峻廷良忠义德才学友少康安琴卿菲薇茜蓉蓓茹莹璐瑾瑜璇瑞琦璟珊媛妍婧婉冰洪斐瀚清源润沛渊鸿"
    "朝晖旭阳昕晓彤彦君怀仁礼信达通振兴发财宝贵金银铁钢锋钧铭锐鑫青松柏桐枫楷栋梁杨柳根木本业庆祥和顺利胜全有永长久恒远景"
    "耀辰岩岚山川立正直爱民保卫援朝跃进卫东解放红旗向前芝兰菊荷莲萱艺芸苗蓝茵巧妮姗姝娅娥婵嫣嫦芹素秋月琼珠翠琬瑛毅坚韧"
    "楚越舒展逸凡尘世尧舜禹启承继宗祖耘耕乐乔冠群伦伯仲叔季孟希望盼睿哲聪颖灵妙贤淑雅韵歌诗画书墨笙箫霏雯霄露霜震霆"
)
_NOT_OF_NAMES = frozenset(
    "省市区县镇乡村街路巷弄桥港湾河江湖站厂店场园院校馆所局部处科室库坝闸泵沟渠塘岭坡屯堡寨堂寺庙庵塔楼阁苑城门口岗湿污水气电"
    "菜瓜豆肉鱼蛋虾蟹米面粉油盐酱醋茶酒糖果梨枣菇笋薯葱姜蒜椒鸡鸭鹅牛羊猪树草花药片丸散膏针剂型号类级种式器机车船表灯线管板材"
)
_HAN_NAME = re.compile(r"[一-鿿㐀-䶿]{2,4}(?:[·•][一-鿿]{2,8})?")
_MASKED_NAME = re.compile(r"[一-鿿][*＊×xX某]{1,3}|[一-鿿][*＊某][一-鿿]")
_LATIN_NAME = re.compile(r"[A-Z][a-z]+(?:[ '-][A-Z][a-z]*\.?){1,3}")
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE = re.compile(
    rf"[{_PROVINCES}][A-HJ-NP-Z][ ·•.-]?"
    r"(?:[DF][A-HJ-NP-Z0-9][0-9]{4}|[0-9]{5}[DF]|[A-HJ-NP-Z0-9]{4}[A-HJ-NP-Z0-9挂学警港澳领])(?![A-Z0-9])"
)
_TITLE = re.compile(r"[(（][^()（）]{1,8}[)）]$|(?:老师|先生|女士|主任|经理|医生|同志|师傅)$")
_PASSPORT = re.compile(r"(?:[EGDSPH][A-HJ-NP-Z]?[0-9]{7,8}|1[45][0-9]{7}|[A-Z]{1,2}[0-9]{6,8})")
_LANDLINE = re.compile(r"(?:\(?0[1-9][0-9]{1,2}\)?[ -]?)[2-8][0-9]{6,7}(?:-[0-9]{1,6})?")
_DIVISION = re.compile(r"[一-鿿]{1,8}(?:省|自治区|市|区|县|旗|镇|乡|街道)")
_STREET = re.compile(r"[一-鿿0-9]{1,12}(?:路|街|巷|弄|里|胡同|大道|道|村|新村|小区|花园|苑|公寓|家园|庄)")
_NUMBERED = re.compile(
    r"[0-9０-９一二三四五六七八九十甲乙]{1,8}+(?:-[0-9]{1,8}+)?(?:号|弄|栋|幢|座|组|单元|室|楼|层|户)"
)
_DWELLING = re.compile(r"(?:栋|幢|单元|室|户)|[0-9]+-[0-9]+-[0-9]+$")
_POINT = re.compile(
    r"(?:POINT ?\()?[\[(]?(7[3-9]|[89][0-9]|1[0-2][0-9]|13[0-5])\.[0-9]{3,}[ ,;，]+"
    r"([3-9]|[1-4][0-9]|5[0-3])\.[0-9]{3,}[\])]?"
)
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)
_CREDIT = re.compile(rf"[1-9A-NY][1-59][0-9]{{6}}[{_CREDIT_ALPHABET}]{{10}}")


def name_parts(value: str) -> tuple[str, str] | None:
    """Surname and given name of what is written as a Chinese name, else None."""
    text = _TITLE.sub("", plain(value).strip().replace(" ", ""))
    if _HAN_NAME.fullmatch(text) is None:
        return None
    if "·" in text or "•" in text:
        return text.partition("·")[0], text.partition("·")[2]
    if len(text) >= 3 and text[:2] in _DOUBLE_SURNAMES:
        return text[:2], text[2:]
    return (text[0], text[1:]) if text[0] in _SURNAMES and len(text) <= 3 else None


def is_given_name(given: str) -> bool:
    """Whether characters are those that parents choose, and none of places and goods."""
    return bool(given) and given[-1] not in _NOT_OF_NAMES and any(sign in _GIVEN for sign in given)


def is_masked_name(value: str) -> bool:
    """Whether a value is a name of which a part is hidden."""
    return _MASKED_NAME.fullmatch(value.strip()) is not None


def is_latin_name(value: str) -> bool:
    """Whether a value is written as a name in Latin letters; means something under a heading of names only."""
    return _LATIN_NAME.fullmatch(value.strip()) is not None


def is_plate(value: str) -> bool:
    """Whether a value is a mainland vehicle plate (GA 36), perhaps with a word behind it."""
    return _PLATE.match(plain(value).strip().upper()) is not None


def is_passport(value: str) -> bool:
    """Whether a value has the form of a passport; means something under a heading of passports only."""
    return _PASSPORT.fullmatch(plain(value).strip().upper()) is not None


def is_landline(value: str) -> bool:
    """Whether a value is a mainland landline number; means something under a heading of telephones only."""
    return _LANDLINE.fullmatch(plain(value).strip()) is not None


def address_parts(value: str) -> int:
    """How many parts of an address a value has: division, street, number."""
    text = plain(value)
    return sum(pattern.search(text) is not None for pattern in (_DIVISION, _STREET, _NUMBERED))


def is_dwelling(value: str) -> bool:
    """Whether an address goes down to a flat."""
    return address_parts(value) >= 2 and _DWELLING.search(plain(value)) is not None


def is_point(value: str) -> bool:
    """Whether a value is a pair of coordinates in or around China, longitude first."""
    return _POINT.fullmatch(plain(value).strip()) is not None


def is_credit_code(value: str) -> bool:
    """Whether a value is a unified social credit code with its check character (GB 32100-2015)."""
    text = plain(value).strip().upper()
    if len(text) != 18 or _CREDIT.fullmatch(text) is None:
        return False
    if any(sign not in _CREDIT_ALPHABET for sign in text):
        return False
    total = sum(
        _CREDIT_ALPHABET.index(sign) * weight for sign, weight in zip(text, _CREDIT_WEIGHTS, strict=False)
    )
    return _CREDIT_ALPHABET[(31 - total % 31) % 31] == text[17]
