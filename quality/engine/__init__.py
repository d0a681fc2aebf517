"""Great Expectations on pandas, in a child process: only this package and ``quality.spark`` know the library."""
