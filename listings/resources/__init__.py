"""Data resources: what an owner holds, described and classified (公共数据资源)."""
