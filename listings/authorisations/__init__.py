"""Authorisations: an owner lets a verified operator offer resources (公共数据授权运营)."""
