"""What a check may say: columns, arguments and tolerance of each type, all of them bounded.

`quality.checks` says what each argument means to the engine; the readers of `values` say how it is written.
"""

from quality.arguments.judging import problems, require_suite
from quality.arguments.problem import Problem

__all__ = ["Problem", "problems", "require_suite"]
