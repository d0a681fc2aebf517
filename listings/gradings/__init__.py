"""Classes of columns: a column falls below its resource's class only by an approved re-grading."""
