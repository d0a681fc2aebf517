"""``make bench``."""

from tests.benchmarks import bench_hot_path

bench_hot_path.main()
