"""SQL statements of checks: what they may say (`rules`), what runs one (`database`), and the process that it runs in.

`process.StatementProcess` is what the engine uses: a statement that is too much for it takes down no other check.
"""
