"""Product classes: what kind of data a product holds, by which its quality is weighed. Pure."""

from enum import StrEnum


class ProductClass(StrEnum):
    """What kind of data a product holds; weights and gate of its quality are rulebook parameters of its class."""

    REGISTER = "register"  # 基础信息
    TIME_SERIES = "time_series"  # 监测时序
    RECORDS = "records"  # 业务记录
    GENERAL = "general"  # 其他
