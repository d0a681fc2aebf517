"""A market with very many products, made from one that was traded: copied row by row, with other texts and facets."""

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from infra.db import new_id

PLACES = [
    (f"{zh}{kind}", f"{en} {word}")
    for zh, en in (
        ("东海", "Donghai"), ("江宁", "Jiangning"), ("临安", "Lin'an"), ("青浦", "Qingpu"), ("南山", "Nanshan"),
        ("滨江", "Binjiang"), ("武侯", "Wuhou"), ("雁塔", "Yanta"), ("海淀", "Haidian"), ("天河", "Tianhe"),
        ("鼓楼", "Gulou"), ("西湖", "Xihu"), ("长宁", "Changning"), ("高新", "Gaoxin"), ("金山", "Jinshan"),
        ("平江", "Pingjiang"), ("昌平", "Changping"), ("龙岗", "Longgang"), ("思明", "Siming"), ("和平", "Heping"),
    )
    for kind, word in (("市", "city"), ("区", "district"), ("街道", "street office"), ("新城", "new town"))
]  # fmt: skip
TOPICS = [
    ("空气质量", "air quality", "environment", ("pm25", "o3", "no2")),
    ("水质断面", "water quality", "environment", ("ph", "cod", "turbidity")),
    ("公交客流", "bus ridership", "transport", ("route", "boarded", "alighted")),
    ("地铁进出站", "metro entries and exits", "transport", ("line", "station", "entries")),
    ("停车泊位", "parking spaces", "transport", ("lot", "free", "total")),
    ("企业登记", "company registrations", "legal_entities", ("credit_code", "company", "status")),
    ("人口统计", "population statistics", "population", ("age_group", "persons", "sex")),
    ("地名地址", "place names and addresses", "geography", ("address", "longitude", "latitude")),
    ("土地出让", "land transfers", "natural_resources", ("parcel", "area", "use")),
    ("气象观测", "weather observations", "weather", ("temperature", "humidity", "wind")),
    ("医疗服务", "medical services", "health", ("hospital", "department", "visits")),
    ("学位供给", "school places", "education", ("school", "grade", "places")),
    ("景区客流", "visitors of scenic areas", "culture", ("site", "visitors", "capacity")),
    ("农产品价格", "farm prices", "agriculture", ("product", "market", "price")),
    ("用电负荷", "power load", "energy", ("substation", "load", "peak")),
    ("房屋交易", "housing transactions", "housing", ("estate", "deals", "average_price")),
    ("市场监管抽检", "market inspections", "market_supervision", ("item", "batch", "result")),
    ("信用评价", "credit ratings", "social_credit", ("subject", "rating", "period")),
]
PERIODS = (("小时", "Hourly", "hourly"), ("日", "Daily", "daily"), ("月度", "Monthly", "monthly"),
           ("年度", "Yearly", "yearly"), ("历史", "Historical", "static"))  # fmt: skip
ADJECTIVES = (
    "aggregated",
    "verified",
    "cleaned",
    "raw",
    "sampled",
    "corrected",
    "anonymous",
    "geocoded",
    "indexed",
)
USES = ("城市治理", "普惠金融", "保险定价", "科研分析", "商业选址", "交通调度", "环境评估", "应急管理")
REGIONS = [f"{province}{city:02d}00" for province in (11, 31, 32, 33, 44, 51) for city in range(9)]
PLANS: tuple[list[dict[str, Any]], ...] = (
    [{"model": "per_unit", "metric": "calls", "unit_price": "0.05", "allowance": 100}],
    [{"model": "flat", "amount": "200"}],
    [{"model": "free", "metric": "calls"}],
    [
        {"model": "flat", "amount": "50"},
        {"model": "per_unit", "metric": "rows", "unit_price": "0.001", "allowance": 0},
    ],
)
SHARED = "开放共享"
"""Two words that a third of all products have in their descriptions."""

_TABLES = (
    "organisations", "data_resources", "resource_rights", "price_plans", "authorisations", "authorisation_resources",
    "data_products", "product_revisions", "quality_runs", "quality_reports",
)  # fmt: skip


async def fill(dsn: str, product_id: UUID, count: int, seed: int = 1) -> list[str]:
    """Copy a product on the market so often, straight into the tables.

    :param dsn: the owner's address.
    :return: words that only a few of the products have.
    """
    connection = await asyncpg.connect(dsn)
    try:
        templates = await _templates(connection, product_id)
        columns = {table: await _columns(connection, table) for table in _TABLES}
        # What the triggers hold is true of the copied product already; foreign keys are checked all the same.
        for table in _TABLES:
            await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        await connection.execute("CREATE TEMP TABLE staged (of text, changed text)")
        rare: list[str] = []
        await connection.copy_records_to_table("staged", records=_rows(random.Random(seed), count, rare))
        for table in _TABLES:
            names = ", ".join(columns[table])
            await connection.execute(
                f"INSERT INTO {table} ({names}) SELECT {names} FROM staged,"
                f" jsonb_populate_record(null::{table}, $1::text::jsonb || changed::jsonb) WHERE of = $2",
                templates[table],
                table,
                timeout=600,
            )
        for table in _TABLES:
            await connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        await connection.execute("DROP TABLE staged")
        await connection.execute("VACUUM ANALYZE", timeout=600)
    finally:
        await connection.close()
    return rare


async def _templates(connection: "asyncpg.Connection[Any]", product_id: UUID) -> dict[str, str]:
    async def one(table: str, condition: str) -> str:
        found = await connection.fetchval(
            f"SELECT to_jsonb(t)::text FROM {table} t WHERE {condition} LIMIT 1",
            product_id,
        )
        assert found is not None, table
        return str(found)

    of_product = "(SELECT {} FROM data_products WHERE id = $1)"
    revision = "(SELECT id FROM product_revisions WHERE product_id = $1 ORDER BY number DESC LIMIT 1)"
    return {
        "organisations": await one("organisations", f"id = {of_product.format('owner_id')}"),
        "data_resources": await one("data_resources", f"id = {of_product.format('resource_id')}"),
        "resource_rights": await one("resource_rights", f"resource_id = {of_product.format('resource_id')}"),
        "price_plans": await one("price_plans", f"id = {of_product.format('plan_id')}"),
        "authorisations": await one("authorisations", f"id = {of_product.format('authorisation_id')}"),
        "authorisation_resources": await one(
            "authorisation_resources",
            f"authorisation_id = {of_product.format('authorisation_id')}"
            " AND version = (SELECT version FROM authorisations WHERE id = authorisation_id)",
        ),
        "data_products": await one("data_products", "id = $1"),
        "product_revisions": await one("product_revisions", f"id = {revision}"),
        "quality_runs": await one("quality_runs", f"revision_id = {revision} AND status = 'done'"),
        "quality_reports": await one("quality_reports", f"revision_id = {revision} AND status = 'passed'"),
    }


async def _columns(connection: "asyncpg.Connection[Any]", table: str) -> list[str]:
    rows = await connection.fetch(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema()"
        " AND table_name = $1 AND is_generated = 'NEVER' AND is_identity = 'NO'",
        table,
    )
    return [row[0] for row in rows]


def _rows(chance: random.Random, count: int, rare: list[str]) -> Iterator[tuple[str, str]]:
    def row(table: str, **changed: Any) -> tuple[str, str]:
        return table, json.dumps(changed, ensure_ascii=False, default=str)

    owners = [new_id() for _ in range(max(3, count // 400))]
    operators = [new_id() for _ in range(max(2, count // 800))]
    for number, id_ in enumerate((*owners, *operators)):
        kind = "owner" if number < len(owners) else "operator"
        zh, en = chance.choice(PLACES)
        called = {"name_zh": f"{zh}数据{number}局", "name_en": f"{en} data office {number}"}
        yield row("organisations", id=id_, kind=kind, credit_code=None, **called)
    plans = [new_id() for _ in PLANS]
    for id_, charges in zip(plans, PLANS, strict=True):
        yield row("price_plans", id=id_, charges=charges, supersedes=None)
    start = datetime.now(UTC) - timedelta(days=400)
    for number in range(count):
        # A few owners and operators have very many products, most have few.
        owner = owners[int(len(owners) * chance.random() ** 2)]
        operator = operators[int(len(operators) * chance.random() ** 2)]
        ids = {
            name: new_id() for name in ("resource", "right", "grant", "product", "revision", "run", "report")
        }
        parties = {"owner_id": owner, "operator_id": operator}
        yield row("data_resources", id=ids["resource"], owner_id=owner)
        yield row("resource_rights", id=ids["right"], resource_id=ids["resource"], holder_id=owner)
        regions = chance.sample(REGIONS, chance.choice((1, 1, 1, 2, 4)))
        yield row("authorisations", id=ids["grant"], regions=regions, **parties)
        yield row(
            "authorisation_resources",
            authorisation_id=ids["grant"],
            resource_id=ids["resource"],
            right_id=ids["right"],
            owner_id=owner,
        )
        published_at = start + timedelta(minutes=5.5 * number)
        yield row(
            "data_products",
            id=ids["product"],
            resource_id=ids["resource"],
            authorisation_id=ids["grant"],
            plan_id=chance.choices(plans, (6, 2, 1, 1))[0],
            published_at=published_at,
            **parties,
            **_texts(chance, number, rare),
        )
        arrived = published_at + timedelta(days=chance.random() * 30)
        revision = {"id": ids["revision"], "product_id": ids["product"], "number": 1, "uploaded_at": arrived}
        yield row("product_revisions", **revision, sample=[], profile={})
        yield row("quality_runs", id=ids["run"], revision_id=ids["revision"])
        score = Decimal(chance.randrange(600_000, 1_000_000)) / 1_000_000
        grade = "A" if score > Decimal("0.9") else "B" if score > Decimal("0.75") else "C"
        yield row(
            "quality_reports",
            id=ids["report"],
            run_id=ids["run"],
            revision_id=ids["revision"],
            score=score,
            grade=grade,
            checks=[],
        )


def _texts(chance: random.Random, number: int, rare: list[str]) -> dict[str, Any]:
    place_zh, place_en = chance.choice(PLACES)
    topic_zh, topic_en, theme, names = chance.choices(TOPICS, range(len(TOPICS), 0, -1))[0]
    period_zh, period_en, frequency = chance.choice(PERIODS)
    first, second = chance.sample(ADJECTIVES, 2)
    mark = f"k{number % 9973:04d}"
    if number % 997 == 0:
        rare.append(mark)
    shared = SHARED if chance.random() < 0.3 else "依申请提供"
    uses = "、".join(chance.sample(USES, 3))
    return {
        "title_zh": f"{place_zh}{topic_zh}{period_zh}数据（{number}）",
        "title_en": f"{period_en} {topic_en} of {place_en}, {first} ({number})",
        "description_zh": f"{place_zh}{topic_zh}{period_zh}记录，按站点与时段汇总，{shared}，可用于{uses}。"
        f"数据编号{mark}。由主管部门采集，经脱敏与核验后提供，每条记录含时间、位置与数值，异常值已标注。",
        "description_en": f"{period_en} {second} records of {topic_en} in {place_en}, by station and hour."
        f" Collected by the authority in charge, checked, and {first} before they are provided. Code {mark}.",
        "themes": [theme] if chance.random() < 0.8 else [theme, "economy"],
        "update_frequency": frequency,
        "dictionary": [
            {
                "name": name,
                "title_zh": f"{topic_zh}{name}",
                "title_en": f"{topic_en} {name}",
                "unit": None,
                "personal": False,
            }
            for name in names
        ],
    }
