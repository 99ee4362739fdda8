"""Each stage's own speed, beside what people would use instead: one file a row of the table, `rows(setup)` in each."""
