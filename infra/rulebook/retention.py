"""How long records of a trade are kept. Pure."""

from datetime import datetime

from infra.rulebook.domain import Rules


def kept_until(rules: Rules, moment: datetime) -> datetime:
    """Until when a record of this moment is kept, by the rules in force; of a 29 February until a 28th."""
    year = moment.year + rules.integer("records.retention_years")
    leap_day = (moment.month, moment.day) == (2, 29)
    return moment.replace(year=year, day=28) if leap_day else moment.replace(year=year)
