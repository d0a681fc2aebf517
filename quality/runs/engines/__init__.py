"""What carries out the checks of a run: warm processes with pandas, or Spark, chosen by size or setting."""
