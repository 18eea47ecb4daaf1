-- What spending is measured against, in a schema of its own: the least that any ledger must do.

create schema bench;

-- a: the balance alone. No history, nothing exactly once.
create table bench.a_accounts (
    user_id uuid   not null primary key,
    balance bigint not null
) with (fillfactor = 70);

-- b: a row under a unique key, and the balance: the least that exactly once costs.
create table bench.b_accounts (
    user_id uuid   not null primary key,
    balance bigint not null
) with (fillfactor = 70);

create table bench.b_entries (
    id         bigint      generated always as identity primary key,
    user_id    uuid        not null,
    amount     bigint      not null,
    key        text        not null unique,
    created_at timestamptz not null default clock_timestamp()
);

create function bench.b_post(p_user_id uuid, p_amount bigint, p_key text)
    returns bigint
    language plpgsql
as $$
declare
    v_id bigint;
begin
    insert into bench.b_entries (user_id, amount, key)
    values (p_user_id, p_amount, p_key)
    on conflict (key) do nothing
    returning id into v_id;
    if found then
        update bench.b_accounts set balance = balance + p_amount where user_id = p_user_id;
    end if;
    return v_id;
end
$$;

-- b3: b as one would deploy it: foreign keys, an index by user, row security, a definer function with its
-- own search path, and an account that is made when it is missing.
create table bench.b3_accounts (
    user_id uuid   not null primary key,
    balance bigint not null
) with (fillfactor = 70);

create table bench.b3_orders (
    id uuid not null primary key
);

create table bench.b3_entries (
    id         bigint      generated always as identity primary key,
    user_id    uuid        not null references bench.b3_accounts (user_id),
    order_id   uuid        references bench.b3_orders (id),
    amount     bigint      not null,
    key        text        not null unique,
    created_at timestamptz not null default clock_timestamp()
);

create index on bench.b3_entries (user_id, id desc);

alter table bench.b3_accounts enable row level security;
alter table bench.b3_entries enable row level security;

create function bench.b3_post(p_user_id uuid, p_amount bigint, p_key text)
    returns bigint
    language plpgsql
    security definer
    set search_path = ''
as $$
declare
    v_balance bigint;
begin
    with posted as (
        insert into bench.b3_entries (user_id, amount, key)
        values (p_user_id, p_amount, p_key)
        on conflict (key) do nothing
        returning amount
    )
    insert into bench.b3_accounts as a (user_id, balance)
    select p_user_id, posted.amount
    from posted
    on conflict (user_id) do update
        set balance = a.balance + excluded.balance
    returning a.balance into v_balance;
    return v_balance;
end
$$;

-- Users 1 to 10,000, each with all that is needed; and ten lots each for users 20,001 to 21,000.
create function bench.user_id(p_number integer)
    returns uuid
    language sql
    immutable
as $$
    select ('00000000-0000-4000-8000-' || lpad(to_hex(p_number), 12, '0'))::uuid
$$;

insert into bench.a_accounts select bench.user_id(n), 0 from generate_series(1, 10000) n;
insert into bench.b_accounts select bench.user_id(n), 0 from generate_series(1, 10000) n;
insert into bench.b3_accounts select bench.user_id(n), 0 from generate_series(1, 10000) n;

select count(public.grant_credits(bench.user_id(n), 900000000, 'bonus', 'bench', 'bench', 'bench'))
from generate_series(1, 10000) n;
select count(public.grant_credits(bench.user_id(n), 90000000, 'bonus', 'bench', 'bench', 'bench-' || lot, lot))
from generate_series(20001, 21000) n, generate_series(1, 10) lot;

-- Users 21,001 to 31,000: nobody is told that their balance is low.
select count(public.grant_credits(bench.user_id(n), 900000000, 'bonus', 'bench', 'bench', 'bench'))
from generate_series(21001, 31000) n;

update public.user_credits set warn_below = null where user_id >= bench.user_id(21001);

-- Keys that are used already, for replays: one a user.
select count(bench.b_post(bench.user_id(n), 1, 'replay-' || n)) from generate_series(1, 10000) n;
select count(public.spend_credits(bench.user_id(n), 'docx_processing', 1, 'replay')) from generate_series(1, 10000) n;

-- Users 31,001 to 41,000 have held, so a spend of theirs looks for its key among holds too. No table is empty when a
-- statement is planned.
select count(public.grant_credits(bench.user_id(n), 900000000, 'bonus', 'bench', 'bench', 'bench'))
from generate_series(31001, 41000) n;

select count(public.capture_hold((public.hold_credits(bench.user_id(n), 'docx_processing', 1, 'held', 900) ->> 'hold_id')::uuid))
from generate_series(31001, 41000) n;

vacuum analyze;
