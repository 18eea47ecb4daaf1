-- Tables with which the gateway is compared with PostgREST: one column for each kind of value.

create table public.wares (
  id bigint primary key,
  name text,
  price numeric(10, 2),
  weight double precision,
  active boolean,
  made_on date,
  made_at timestamptz,
  tags text[],
  details jsonb,
  raw json,
  span int4range,
  size public.positive,
  words tsvector,
  "odd ""name%" text,
  "select" text
) with (autovacuum_enabled = false);

insert into public.wares values
  (1, 'anvil', 99.90, 50.5, true, '2026-01-02', '2026-01-02 03:04:05+00', '{iron,heavy}',
   '{"a": {"b": [1, "two", null]}, "c": "x"}', '{"k" : 1}', '[1,5)', 3, 'big iron', 'o', 's'),
  (2, 'Bell', 5.00, 0.1, true, '2026-02-03', '2026-02-03 04:05:06.789+00', '{}',
   '{"a": {"b": []}, "c": null}', '[1, 2]', '[5,9)', 1, 'ring', null, null),
  (3, 'a,b (c) "d"', null, null, null, null, null, null, null, null, null, null, null, null, null),
  (4, 'été 💎', 0, -1, false, '2024-02-29', 'infinity', '{a,"b c",NULL}', '[1, 2, 3]', 'null',
   'empty', 2, 'summer', 'a%b', 'x'),
  (5, '50%_off\', 1.10, 1e300, false, '2026-01-02', '2026-01-02 03:04:05+00', '{iron}',
   '"text"', '"t"', '(,3)', 7, '', E'line\nbreak', ''),
  (6, 'anvil', 99.90, 50.5, true, null, null, '{heavy}', '{"c": "x"}', '{}', '[2,3]', 4, 'iron',
   null, null),
  (9007199254740993, 'big', 12345678.90, 'NaN', null, '0001-01-01', '-infinity', null, '{}', '1',
   null, null, null, '', null);

create view public.cheap_wares with (security_invoker = true) as
  select id, name, price from public.wares where price < 10;

create view public.slow as select 1 as id, pg_sleep(20)::text as slept;

create table public.many (n integer primary key) with (autovacuum_enabled = false);
insert into public.many select generate_series(1, 1005);

create table public.own (
  id integer primary key,
  owner uuid not null,
  body text
);
alter table public.own enable row level security;
create policy "one's own" on public.own for all to authenticated
  using (owner = (select auth.uid())) with check (owner = (select auth.uid()));
insert into public.own values
  (1, '11111111-2222-4333-8444-555555555555', 'mine'),
  (2, '99999999-2222-4333-8444-555555555555', 'theirs');

grant select on public.wares, public.cheap_wares, public.slow, public.many, public.own
  to anon, authenticated, service_role;
grant insert, update, delete on public.own to authenticated;

create function public.find_wares(p_name text) returns setof public.wares
language sql stable as $$ select * from public.wares where name = p_name order by id $$;

create function public.count_to(p_last integer) returns setof integer
language sql stable as $$ select generate_series(1, p_last) $$;

create function public.change_headers() returns void
language sql as $$ select set_config('response.headers', '[{"X-A": "b"}]', true) $$;

analyze public.wares, public.many, public.own;
