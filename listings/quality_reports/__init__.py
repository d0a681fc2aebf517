"""Quality reports as readers see them: report, page, trend, comparison and badge, each with who may read it."""
