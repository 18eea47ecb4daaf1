-- Accounts: one row per user with the balance. Every movement of credits locks this row first
-- (purse.lock_account) or lowers the balance in it (spend_credits).

-- Rules about one value are domains, not check constraints: Postgres caches a domain's rules, but
-- re-reads a table's check constraints in every statement that writes to it. That was half of the
-- time of a spend. They are in `public` because tables that people read use them.
create domain public.credit_count as bigint
    constraint credit_count_is_not_negative check (value >= 0)
    constraint credit_count_is_exact_in_json check (value <= 9007199254740991);
create domain public.lot_source as text
    constraint lot_source_is_known check (value in ('purchase', 'bonus', 'correction'));
create domain public.idempotency_key as text
    -- Two conditions instead of one pattern: matching {1,255} takes longer than the rest of a spend. Printable ASCII
    -- has as many characters as bytes, and bytes need no counting.
    constraint idempotency_key_is_printable check (octet_length(value) <= 255 and value ~ '^[\x20-\x7e]+$');

comment on domain public.credit_count is
    'A number of credits, never negative. Amounts of credits go up to 2^53 - 1, as exact integers of JavaScript do.';
comment on domain public.lot_source is 'How a lot''s credits were acquired.';
comment on domain public.idempotency_key is 'A caller''s name for one of its requests: 1 to 255 printable ASCII characters.';

create table public.user_credits (
    user_id       uuid                  not null,
    balance       bigint                not null default 0,
    held          public.credit_count   not null default 0,
    lapses_at     timestamptz,
    next_lot_id   bigint,
    next_lot_free bigint,
    low_threshold public.credit_count,
    warn_below    bigint,
    has_held      boolean               not null default false,
    deleted_at    timestamptz,
    created_at    timestamptz           not null default now(),
    updated_at    timestamptz           not null default now(),
    constraint user_credits_pkey primary key (user_id)
)
-- Leaves room in the page for the row's next version, so that an update touches no index.
with (fillfactor = 70);

create index user_credits_lapses_at_idx on public.user_credits (lapses_at) where lapses_at is not null;

comment on table public.user_credits is
    'One row per user. Every movement of credits locks it. No foreign key to auth.users: deleting a user must not delete the ledger.';
comment on column public.user_credits.balance is 'Credits. Always the sum of the user''s transactions and of their lots. Credits that expired since the last movement are still in it: the next movement, the next read through the API or the daily clean-up writes their expiry.';
comment on column public.user_credits.held is 'Credits of the balance that holds have set aside. The user can spend balance - held.';
comment on column public.user_credits.lapses_at is 'When the next lot or hold expires, or earlier. Null if none will. A movement after this moment first writes what expired.';
comment on column public.user_credits.next_lot_id is 'The lot that the next spend takes from, so that a spend need not look for it: no lot before it in spending order has free credits. Counts only while next_lot_free is set.';
comment on column public.user_credits.next_lot_free is 'What is free in the next lot. Spends lower it here and leave the lot''s row alone. Null: every lot''s row is right, as after purse.lock_account, and the next spend goes by steps.';
comment on column public.user_credits.warn_below is 'Below which balance the next event is announced: the low threshold, 1 once that was announced, null once nothing is left to warn of. Set when credits come in (purse.announce_entry).';
comment on column public.user_credits.has_held is 'Whether the user ever had a hold. Set by the first one and never unset: only then does a spend look for its key among holds.';
comment on column public.user_credits.low_threshold is 'The balance counts as low below this number of credits. Null: the deployment''s default. Set by hand.';

comment on column public.user_credits.deleted_at is 'When the account was deleted: see deleted_accounts. Also here, because a spend reads no other table than this one to know it.';

alter table public.user_credits enable row level security;
revoke all on public.user_credits from public, anon, authenticated, service_role;
grant select on public.user_credits to authenticated, service_role;

create policy "a user reads their own balance" on public.user_credits
    for select to authenticated using (user_id = (select auth.uid()) and (select public.account_is_open()));

create function purse.forbid_account_removal()
    returns trigger
    language plpgsql
    set search_path = ''
as $$
begin
    raise exception using
        errcode = 'restrict_violation',
        message = 'user_credits keeps every row: the ledger refers to them';
end
$$;

comment on function purse.forbid_account_removal() is
'Trigger: refuses to delete or truncate user_credits, and to change a user_id, whoever asks. The ledger and the holds
refer to these rows without a foreign key.';
revoke all on function purse.forbid_account_removal() from public, anon, authenticated, service_role;

create trigger user_credits_stay
    before delete or update of user_id or truncate on public.user_credits
    for each statement execute function purse.forbid_account_removal();
-- Always: a session in replica mode skips ordinary triggers.
alter table public.user_credits enable always trigger user_credits_stay;

create function purse.lock_account(p_user_id uuid)
    returns public.user_credits
    language plpgsql
    set search_path = ''
as $$
declare
    v_account public.user_credits;
begin
    select * into v_account from public.user_credits u where u.user_id = p_user_id for update;
    if v_account.next_lot_free is not null then
        v_account := purse.write_next_lot(v_account);
    end if;
    if v_account.lapses_at <= now() then
        perform purse.expire_account(p_user_id);
        select * into v_account from public.user_credits u where u.user_id = p_user_id;
    end if;
    return v_account;
end
$$;

comment on function purse.lock_account(uuid) is
'Locks a user''s row until the end of the transaction, writes what spends took from the next lot and what has
expired, and returns the account.
Null for a user without an account. No other movement of this user can happen until the transaction ends.';
revoke all on function purse.lock_account(uuid) from public, anon, authenticated, service_role;

create function purse.lock_open_account(p_user_id uuid)
    returns public.user_credits
    language plpgsql
    set search_path = ''
as $$
declare
    v_account public.user_credits := purse.lock_account(p_user_id);
begin
    -- It may have been deleted while we waited for the lock.
    if v_account.deleted_at is not null then
        perform purse.raise_account_deleted();
    end if;
    return v_account;
end
$$;

comment on function purse.lock_open_account(uuid) is
'As purse.lock_account. Raises PT403 if the account was deleted.';
revoke all on function purse.lock_open_account(uuid) from public, anon, authenticated, service_role;

create function purse.open_account(p_user_id uuid)
    returns public.user_credits
    language plpgsql
    set search_path = ''
as $$
begin
    insert into public.user_credits (user_id) values (p_user_id) on conflict (user_id) do nothing;
    return purse.lock_account(p_user_id);
end
$$;

comment on function purse.open_account(uuid) is
'As purse.lock_account, but creates the account if there is none.';
revoke all on function purse.open_account(uuid) from public, anon, authenticated, service_role;

create function purse.lock_accounts(p_user_ids uuid[])
    returns void
    language plpgsql
    set search_path = ''
as $$
begin
    perform from public.user_credits u where u.user_id = any (p_user_ids) order by u.user_id for update;
end
$$;

comment on function purse.lock_accounts(uuid[]) is
'Locks the rows of several users in the order of their ids. A transaction that moves credits of several users
calls this before it locks any of them, so that two such transactions cannot deadlock.';
revoke all on function purse.lock_accounts(uuid[]) from public, anon, authenticated, service_role;

create function purse.require_available(
    p_account  public.user_credits,
    p_required bigint
)
    returns void
    language plpgsql
    immutable
    set search_path = ''
as $$
declare
    v_available bigint := coalesce(p_account.balance - p_account.held, 0);
begin
    if v_available < p_required then
        raise exception using
            errcode = 'PT402',
            message = 'not enough credits',
            detail = pg_catalog.jsonb_build_object('available', v_available, 'required', p_required)::text;
    end if;
end
$$;

comment on function purse.require_available(public.user_credits, bigint) is
'Raises PT402 if fewer credits than p_required are free. Its detail is {"available", "required"}.';
revoke all on function purse.require_available(public.user_credits, bigint) from public, anon, authenticated, service_role;

-- A guest's purse may move to another account, once (public.move_purse).
create table public.purse_moves (
    from_user_id uuid        not null,
    to_user_id   uuid        not null,
    credits      bigint      not null,
    actor        text        not null,
    reason       text        not null,
    created_at   timestamptz not null default clock_timestamp(),
    constraint purse_moves_pkey primary key (from_user_id),
    constraint purse_moves_are_between_two check (from_user_id <> to_user_id)
);

comment on table public.purse_moves is
    'Whose purse became whose. Stripe''s metadata names the account that ordered; facts about its orders meet the new owner through this table.';
comment on column public.purse_moves.credits is 'The balance that moved. Negative: a debt moved.';

alter table public.purse_moves enable row level security;
revoke all on public.purse_moves from public, anon, authenticated, service_role;
grant select on public.purse_moves to service_role;

create function purse.owner_of(p_user_id uuid)
    returns uuid
    language sql
    stable
    set search_path = ''
as $$
    -- Ends: a purse moves once, and never into an account whose purse has moved away.
    with recursive owners as (
        select p_user_id as user_id, 0 as moves
        union all
        select m.to_user_id, o.moves + 1
        from owners o
        join public.purse_moves m on m.from_user_id = o.user_id
    )
    select o.user_id from owners o order by o.moves desc limit 1
$$;

comment on function purse.owner_of(uuid) is
'The account that has a user''s purse now: the user, unless their purse has moved.';
revoke all on function purse.owner_of(uuid) from public, anon, authenticated, service_role;

create function purse.lock_orders_of(p_user_id uuid)
    returns void
    language plpgsql
    set search_path = ''
as $$
declare
    v_locked uuid;
    v_owner  uuid := purse.owner_of(p_user_id);
begin
    -- The purse may move while we wait for its lock.
    while v_owner is distinct from v_locked loop
        v_locked := v_owner;
        perform pg_catalog.pg_advisory_xact_lock_shared(pg_catalog.hashtextextended('orders of:' || v_locked, 0));
        v_owner := purse.owner_of(v_locked);
    end loop;
end
$$;

comment on function purse.lock_orders_of(uuid) is
'Advisory lock on where the orders of a user go, until the end of the transaction. Any number of transactions
may hold it at once. move_purse takes it alone: it cannot see an order that another transaction is just
creating, and that order would stay with the account whose purse moves away.';
revoke all on function purse.lock_orders_of(uuid) from public, anon, authenticated, service_role;
