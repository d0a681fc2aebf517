"""A check and what came of it, in plain Chinese and English. Pure."""

from quality.checks import Check, CheckResult, CheckStatus, CheckType


def sentences(result: CheckResult) -> tuple[str, str]:
    """What came of a check in plain Chinese and English."""
    check = result.check
    zh, en = _claims(check)
    failing = result.evaluated - result.satisfied
    match result.status:
        case CheckStatus.ERROR:
            return f"{zh}：无法检查（{result.error}）", f"{en}: could not be checked ({result.error})"
        case CheckStatus.EMPTY:
            return f"{zh}：没有可检查的值", f"{en}: no values to check"
        case _ if check.type is CheckType.ROW_COUNT:
            return (f"{zh}：不符合", f"{en}: failed") if failing else (f"{zh}：符合", f"{en}: passed")
        case _ if failing == 0:
            return f"{zh}：全部 {result.evaluated:,} 行符合", f"{en}: all {result.evaluated:,} rows pass"
        case _:
            return (
                f"{zh}：{result.evaluated:,} 行中有 {failing:,} 行不符合",
                f"{en}: {failing:,} of {result.evaluated:,} rows fail",
            )


def _claims(check: Check) -> tuple[str, str]:
    names = "、".join(check.columns), ", ".join(check.columns)
    low, high = check.arguments.get("minimum"), check.arguments.get("maximum")
    match check.type:
        case CheckType.ROW_COUNT:
            return f"至少 {low} 行", f"There are at least {low} rows"
        case CheckType.NOT_NULL:
            return f"{names[0]} 有值", f"{names[1]} is not missing"
        case CheckType.UNIQUE:
            return f"{names[0]} 不重复", f"{names[1]} is unique"
        case CheckType.UNIQUE_TOGETHER:
            return f"{names[0]} 的组合不重复", f"{names[1]} are unique together"
        case CheckType.BETWEEN if high is None:
            return f"{names[0]} 不小于 {low}", f"{names[1]} is at least {low}"
        case CheckType.BETWEEN if low is None:
            return f"{names[0]} 不大于 {high}", f"{names[1]} is at most {high}"
        case CheckType.BETWEEN:
            return f"{names[0]} 在 {low} 与 {high} 之间", f"{names[1]} lies between {low} and {high}"
        case CheckType.IN_SET:
            count = len(check.arguments["values"])
            return f"{names[0]} 取自 {count} 个已知值", f"{names[1]} is one of {count} known values"
        case CheckType.MATCHES:
            pattern = check.arguments["pattern"]
            return f"{names[0]} 符合格式 {pattern}", f"{names[1]} matches {pattern}"
        case CheckType.NOT_LESS:
            greater, lesser = check.columns
            return f"{greater} 不小于 {lesser}", f"{greater} is not less than {lesser}"
        case CheckType.INCREASING:
            return f"{names[0]} 按顺序排列", f"{names[1]} does not decrease from row to row"
        case _:
            return check.name, check.name
