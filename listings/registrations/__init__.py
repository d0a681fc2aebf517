"""Registration of data resources (公共数据资源登记): applied for, examined, announced, and in force under a code."""
