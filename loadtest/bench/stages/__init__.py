"""Each stage's own speed, beside what people would use instead: one file a row of the table, `rows(ground)` in each."""
