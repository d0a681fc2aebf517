"""From any tabular file on disk to one immutable, checksummed Parquet revision.

The package has two halves that never meet in one process:

- ``convert`` and ``errors`` are what the service calls. They start a child and read its answer, and import
  nothing that parses data.
- everything else runs in that child (``python -m listings.ingest``), which limits its own memory, time and file
  access before it opens the file. A file that crashes its parser takes down the child.

``result`` and ``limits`` are the vocabulary both halves share.
"""
