"""A GPU in eight minutes: the GPU tests and the comparisons of the other benchmarks, in one command with a time budget.

`parts` says what is measured and how important it is, `schedule` runs parts within the budget, `conditions` describes the machine,
`table` makes the tables and puts them into docs/performance.md. Run it with `python -m benchmarks.on_gpu`.
"""
