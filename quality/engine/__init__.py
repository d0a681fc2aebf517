"""Great Expectations on pandas, in a child process: only this room and ``quality.spark`` know the library."""
