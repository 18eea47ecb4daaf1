-- Functions with which the gateway is compared with PostgREST: one for each thing that can differ.

create type public.pair as (
  label text,
  amount numeric
);

create domain public.positive as integer
  constraint positive_check check (value > 0);

create table public.notes (
  id integer,
  body text,
  constraint notes_pkey primary key (id)
);

grant select on public.notes to service_role;

insert into public.notes values (1, 'first'), (2, null);

create table public.replies (
  note_id integer,
  constraint replies_note_id_fkey foreign key (note_id) references public.notes (id)
    deferrable initially deferred
);

-- What a function returns -------------------------------------------------------------------------

create function public.give_void() returns void
language sql as $$ select $$;

create function public.give_integer() returns integer
language sql as $$ select 42 $$;

create function public.give_bigint() returns bigint
language sql as $$ select 9007199254740993 $$;

create function public.give_numeric() returns numeric
language sql as $$ select 1.10 $$;

create function public.give_text() returns text
language sql as $$ select e'ü "quoted" \\ \n 💎' $$;

create function public.give_boolean() returns boolean
language sql as $$ select true $$;

create function public.give_null() returns text
language sql as $$ select null::text $$;

create function public.give_timestamptz() returns timestamptz
language sql as $$ select timestamptz '2026-11-23 16:00:00.5+02' $$;

create function public.give_date() returns date
language sql as $$ select date '2026-11-23' $$;

create function public.give_uuid() returns uuid
language sql as $$ select 'b1b2b3b4-0000-4000-8000-000000000000'::uuid $$;

create function public.give_integers() returns integer[]
language sql as $$ select array[1, null, 3] $$;

create function public.give_domain() returns public.positive
language sql as $$ select 7::public.positive $$;

create function public.give_json() returns json
language sql as $$ select '{"b": 1, "a": [1, 2.50, null]}'::json $$;

create function public.give_jsonb() returns jsonb
language sql as $$ select '{"b": 1, "a": [1, 2.50, null]}'::jsonb $$;

create function public.give_json_null() returns jsonb
language sql as $$ select 'null'::jsonb $$;

create function public.give_sql_null_json() returns jsonb
language sql as $$ select null::jsonb $$;

create function public.give_record() returns record
language sql as $$ select 1, 'one'::text $$;

create function public.give_pair() returns public.pair
language sql as $$ select 'gold', 1.50 $$;

create function public.give_no_pair() returns public.pair
language sql as $$ select null::public.pair $$;

create function public.give_out(out first integer, out second text)
language sql as $$ select 1, 'two' $$;

create function public.give_one_out(out only_one integer)
language sql as $$ select 1 $$;

create function public.give_row() returns public.notes
language sql as $$ select * from public.notes where id = 1 $$;

create function public.give_missing_row() returns public.notes
language sql as $$ select * from public.notes where id = 0 $$;

create function public.give_set_of_integers() returns setof integer
language sql as $$ select generate_series(1, 3) $$;

create function public.give_empty_set_of_integers() returns setof integer
language sql as $$ select generate_series(1, 0) $$;

create function public.give_set_of_nulls() returns setof text
language sql as $$ select null::text from generate_series(1, 2) $$;

create function public.give_rows() returns setof public.notes
language sql stable as $$ select * from public.notes order by id $$;

create function public.give_no_rows() returns setof public.notes
language sql stable as $$ select * from public.notes where false $$;

create function public.give_table() returns table (label text, amount numeric)
language sql as $$ values ('a', 1.0), ('b', null) $$;

create function public.give_table_of_one_column() returns table (label text)
language sql as $$ values ('a'), ('b') $$;

create function public.give_set_of_jsonb() returns setof jsonb
language sql as $$ values ('1'::jsonb), ('{"a": null}'), ('null') $$;

-- What a function takes ---------------------------------------------------------------------------

create function public.take_integer(p_value integer) returns integer
language sql as $$ select p_value $$;

create function public.take_text(p_value text) returns text
language sql as $$ select p_value $$;

create function public.take_json(p_value json) returns json
language sql as $$ select p_value $$;

create function public.take_jsonb(p_value jsonb) returns jsonb
language sql as $$ select jsonb_build_object('given', p_value, 'is_sql_null', p_value is null) $$;

create function public.take_array(p_value integer[]) returns integer[]
language sql as $$ select p_value $$;

create function public.take_pair(p_value public.pair) returns public.pair
language sql as $$ select p_value.label, p_value.amount $$;

create function public.take_domain(p_value public.positive) returns integer
language sql as $$ select p_value $$;

create function public.take_timestamptz(p_value timestamptz) returns timestamptz
language sql as $$ select p_value $$;

create function public.take_uuid(p_value uuid) returns uuid
language sql as $$ select p_value $$;

create function public.take_character(p_value character) returns text
language sql as $$ select p_value $$;

create function public.take_default(p_value integer, p_more integer default 10) returns integer
language sql as $$ select p_value + p_more $$;

create function public.take_optional(p_first text default 'a', p_second text default 'b') returns text
language sql as $$ select coalesce(p_first, '-') || coalesce(p_second, '-') $$;

create function public.take_variadic(p_first text, variadic p_rest integer[]) returns text
language sql as $$ select p_first || array_to_string(p_rest, ',') $$;

create function public.take_quoted("Odd name" integer) returns integer
language sql as $$ select "Odd name" $$;

create function public.take_body(jsonb) returns jsonb
language sql as $$ select $1 $$;

create function public.take_two_unnamed(integer, integer) returns integer
language sql as $$ select $1 + $2 $$;

create function public.overloaded() returns text
language sql as $$ select 'none' $$;

create function public.overloaded(p_a integer) returns text
language sql as $$ select 'a' $$;

create function public.overloaded(p_a integer, p_b integer) returns text
language sql as $$ select 'a and b' $$;

create function public.ambiguous(p_a integer) returns text
language sql as $$ select 'integer' $$;

create function public.ambiguous(p_a text) returns text
language sql as $$ select 'text' $$;

-- What a function does wrong ----------------------------------------------------------------------

create function public.fail(p_sqlstate text) returns void
language plpgsql as $$
begin
  raise exception using
    errcode = p_sqlstate,
    message = 'something "failed"',
    detail = 'what exactly',
    hint = 'what to do';
end
$$;

create function public.fail_plainly() returns void
language plpgsql as $$ begin raise exception 'just so'; end $$;

create function public.pay(p_required integer) returns void
language plpgsql as $$
begin
  raise sqlstate 'PT402' using
    message = 'not enough credits',
    detail = json_build_object('available', 3, 'required', p_required)::text,
    hint = null;
end
$$;

create function public.divide(p_by integer) returns integer
language sql as $$ select 1 / p_by $$;

create function public.add_note(p_id integer) returns void
language sql security definer as $$ insert into public.notes values (p_id, 'added') $$;

create function public.reply_to(p_note_id integer) returns void
language sql security definer as $$ insert into public.replies values (p_note_id) $$;

create function public.write_though_stable() returns void
language sql stable as $$ select set_config('purse.test', 'x', true) $$;

create function public.insert_though_stable() returns void
language plpgsql stable security definer as $$
begin
  execute 'insert into public.notes values (99)';
end
$$;

create function public.add_note_through_stable(p_id integer) returns void
language sql stable as $$ select public.add_note(p_id) $$;

create function public.take_too_long() returns void
language plpgsql
set statement_timeout = '50ms'
as $$ begin perform pg_sleep(10); end $$;

create function public.not_for_you() returns integer
language sql set search_path = '' as $$ select 1 $$;

revoke execute on function public.not_for_you() from public, anon, authenticated;

-- With a setting, so that Postgres never inlines it: a prepared statement keeps an inlined function,
-- and then runs it for a role that may not execute it, if that role uses the connection next.
create function public.for_service() returns integer
language sql set search_path = '' as $$ select 1 $$;

revoke execute on function public.for_service() from public, anon, authenticated;
grant execute on function public.for_service() to service_role;

create function public.read_private_table() returns bigint
language sql stable as $$ select count(*) from public.notes $$;

create function public.a_trigger() returns trigger
language plpgsql as $$ begin return new; end $$;

create procedure public.a_procedure()
language sql as $$ select $$;

-- Who and what is asking --------------------------------------------------------------------------

create function public.request_facts() returns jsonb
language sql stable
as $$
  select jsonb_build_object(
    'role', current_user,
    'session', session_user,
    'claims', current_setting('request.jwt.claims', true)::jsonb,
    'method', current_setting('request.method', true),
    'path', current_setting('request.path', true),
    'header', current_setting('request.headers', true)::json ->> 'x-test',
    'cookies', current_setting('request.cookies', true)::jsonb,
    'cookie_header', current_setting('request.headers', true)::json ->> 'cookie',
    'search_path', current_setting('search_path'),
    'read_only', current_setting('transaction_read_only'),
    'isolation', current_setting('transaction_isolation'),
    'statement_timeout', current_setting('statement_timeout'),
    'lock_timeout', current_setting('lock_timeout'),
    'auth_uid', auth.uid(),
    'auth_role', auth.role(),
    'auth_email', auth.email()
  )
$$;
