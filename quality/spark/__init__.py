"""The same checks on Spark, with the same results. Optional: ``requirements-spark.txt`` and Java 17."""
