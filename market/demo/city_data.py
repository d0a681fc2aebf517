"""Made-up city data for the demo: hourly air quality of twelve stations, the same at every call.

The city does not exist. Values follow the day and the season, and a few honest defects are left in, as real feeds
have them: readings that are missing, one hour delivered twice, a negative reading, a spike no instrument would show.
"""

import csv
import itertools
import math
import random
from datetime import datetime, timedelta, timezone
from pathlib import Path

STATIONS = (
    ("S001", "中心广场", "Central Square", 1.15),
    ("S002", "东湖公园", "East Lake Park", 0.80),
    ("S003", "西山林场", "West Hill Forest", 0.55),
    ("S004", "南站枢纽", "South Station", 1.30),
    ("S005", "北河工业园", "North River Industrial Park", 1.55),
    ("S006", "大学城", "University Town", 0.90),
    ("S007", "港口新区", "Harbour District", 1.25),
    ("S008", "机场路", "Airport Road", 1.20),
    ("S009", "老城厢", "Old Town", 1.05),
    ("S010", "科技园", "Science Park", 0.95),
    ("S011", "湿地保护区", "Wetland Reserve", 0.50),
    ("S012", "体育中心", "Sports Centre", 1.00),
)
COLUMNS = (
    "station_id",
    "station_name",
    "station_name_en",
    "observed_at",
    "pm25",
    "pm10",
    "so2",
    "no2",
    "co",
    "o3",
    "aqi",
    "temperature",
    "humidity",
)
CHINA = timezone(timedelta(hours=8))
BEGIN = datetime(2026, 9, 1, tzinfo=CHINA)
_SEED = 20260901
_MISSING_SHARE = 0.004
# Breakpoints of PM2.5 (µg/m³) and the index at each, HJ 633-2012.
_AQI = ((0, 0), (35, 50), (75, 100), (115, 150), (150, 200), (250, 300), (350, 400), (500, 500))


def write_city_air_quality(path: Path, *, days: int = 60) -> Path:
    """Write the data as CSV (UTF-8): concentrations in µg/m³ (CO in mg/m³), °C, relative humidity in %.

    :param days: days from 1 September 2026 on, hourly, in China Standard Time.
    :return: the path.
    """
    chance = random.Random(_SEED)  # noqa: S311 -- believable, not secret
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for hour in range(days * 24):
            for place, station in enumerate(STATIONS):
                row = _row(chance, hour, station)
                _spoil(chance, row, hour, place)
                writer.writerow(row)
                if (hour, place) == (300, 4):
                    writer.writerow(row)
    return path


def _row(chance: random.Random, hour: int, station: tuple[str, str, str, float]) -> list[str]:
    code, name, english, load = station
    clock = hour % 24
    traffic = math.exp(-((clock - 8) ** 2) / 8) + math.exp(-((clock - 18) ** 2) / 10)
    weather = 1 + 0.5 * math.sin(hour / 24 / 9 * math.tau)
    pm25 = max(2.0, (22 + 26 * traffic * load) * load * weather * chance.lognormvariate(0, 0.18))
    sun = max(0.0, math.sin((clock - 6) / 12 * math.pi))
    temperature = 24 - hour / 24 * 0.16 + 5 * math.sin((clock - 9) / 24 * math.tau) + chance.gauss(0, 0.8)
    values = (
        pm25,
        pm25 * chance.uniform(1.3, 1.8),
        max(2.0, 7 * load + chance.gauss(0, 1.5)),
        max(3.0, (14 + 30 * traffic) * load + chance.gauss(0, 4)),
        max(0.1, 0.35 + 0.4 * traffic * load + chance.gauss(0, 0.06)),
        max(4.0, 38 + 95 * sun / load + chance.gauss(0, 6)),
    )
    moment = (BEGIN + timedelta(hours=hour)).isoformat(timespec="seconds")
    humidity = min(100, max(15, round(88 - temperature * 1.1 + chance.gauss(0, 6))))
    return [
        code,
        name,
        english,
        moment,
        *(f"{value:.1f}" for value in values),
        str(_index(pm25)),
        f"{temperature:.1f}",
        str(humidity),
    ]


def _index(pm25: float) -> int:
    for (low, index), (high, above) in itertools.pairwise(_AQI):
        if pm25 <= high:
            return round(index + (above - index) * (pm25 - low) / (high - low))
    return 500


def _spoil(chance: random.Random, row: list[str], hour: int, place: int) -> None:
    for column in range(4, 10):
        if chance.random() < _MISSING_SHARE:
            row[column] = ""
    if (hour, place) == (700, 2):
        row[4] = "-3.0"
    if (hour, place) == (900, 7):
        row[5] = "9999.0"
