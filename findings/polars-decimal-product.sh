#!/usr/bin/env bash
# polars 2.1.0, duckdb 2.0.1: amounts of money times a share, both exact decimals with two places: 0.01 x 0.10.
# Expected: the product has four places, as in SQL: 0.0010. A thousand of them are 1.00. An engine that cannot
#           keep the places says so, and one engine gives one answer.
# Seen: a Polars expression keeps two places and rounds each row, half to even, so a thousand rows are 0.00. So are
#       dot() and a literal with two places; the literal 0.100 makes it 1.000. The same sum in Polars' own SQL
#       is 1.0000, as it is in DuckDB.
# So: cast one factor to the places that the product needs before multiplying.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check polars==2.1.0 duckdb==2.0.1 pyarrow==26.0.1
"$work/venv/bin/python" - <<'PY'
from decimal import Decimal

import duckdb
import polars as pl

fees = pl.DataFrame({"amount": [Decimal("0.01")] * 1000, "share": [Decimal("0.10")] * 1000})
amount, share = pl.col("amount"), pl.col("share")
seen = {
    "expression": fees.select((amount * share).sum()).item(),
    "dot": fees.select(amount.dot(share)).item(),
    "literal 0.10": fees.select((amount * pl.lit(Decimal("0.10"))).sum()).item(),
    "literal 0.100": fees.select((amount * pl.lit(Decimal("0.100"))).sum()).item(),
    "cast to four places": fees.select((amount.cast(pl.Decimal(38, 4)) * share).sum()).item(),
    "Polars SQL": fees.sql("select sum(amount * share) from self").item(),
    "DuckDB": duckdb.sql("select sum(amount * share) from fees").fetchall()[0][0],
}
for case, total in seen.items():
    print(f"{case}: {total}")
halves = pl.DataFrame({"amount": [Decimal("0.25"), Decimal("0.35")]})
rounded = halves.select(amount * Decimal("0.10"))["amount"].to_list()
print("0.25 and 0.35 times 0.10:", *rounded)
assert list(map(str, seen.values())) == ["0.00", "0.00", "0.00", "1.000", "1.0000", "1.0000", "1.0000"]
assert list(map(str, rounded)) == ["0.02", "0.04"]
PY
