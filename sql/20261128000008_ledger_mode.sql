-- Which ledger this is, and whether it is live or test. A ledger never mixes the two: credits that test
-- cards bought would otherwise be spent like paid ones. The first order decides.

create table purse.ledger (
    is_the_only_row boolean     not null default true,
    id              uuid        not null default gen_random_uuid(),
    livemode        boolean,
    began_at        timestamptz,
    live_since      timestamptz,
    live_by         text,
    live_because    text,
    constraint ledger_pkey primary key (is_the_only_row),
    constraint ledger_has_one_row check (is_the_only_row),
    constraint ledger_mode_says_since_when check ((livemode is null) = (began_at is null))
);

comment on table purse.ledger is 'One row: this ledger''s id and its mode. Dumps carry it to the next database.';
comment on column purse.ledger.id is 'Made when sql/ was first applied. Orders carry it in Stripe''s metadata, so that several ledgers can share a Stripe account.';
comment on column purse.ledger.livemode is 'Whether the orders are of Stripe''s live mode. Null until the first order.';
comment on column purse.ledger.live_since is 'When purse.go_live turned a test ledger into a live one, with who did it and why. Null: never.';

alter table purse.ledger enable row level security;
revoke all on purse.ledger from public, anon, authenticated, service_role;

insert into purse.ledger default values;

create function purse.set_mode(p_livemode boolean)
    returns boolean
    language plpgsql
    set search_path = ''
as $$
begin
    -- Of two first orders of different modes the second waits here, then finds the mode set.
    update purse.ledger l
    set livemode = p_livemode,
        began_at = clock_timestamp()
    where l.livemode is null;
    return purse.is_of_this_mode(p_livemode);
end
$$;

comment on function purse.set_mode(boolean) is
'Sets the ledger''s mode if it has none. Returns whether p_livemode is the ledger''s mode now.';
revoke all on function purse.set_mode(boolean) from public, anon, authenticated, service_role;

create function purse.is_of_this_mode(p_livemode boolean)
    returns boolean
    language plpgsql
    stable
    set search_path = ''
as $$
begin
    return not exists (select from purse.ledger l where l.livemode <> p_livemode);
end
$$;

comment on function purse.is_of_this_mode(boolean) is
'Whether orders of this mode belong to the ledger: always, until it has a mode.';
revoke all on function purse.is_of_this_mode(boolean) from public, anon, authenticated, service_role;

create function purse.lock_mode()
    returns void
    language sql
    set search_path = ''
as $$
    select pg_catalog.pg_advisory_xact_lock_shared(pg_catalog.hashtextextended('ledger mode', 0))
$$;

comment on function purse.lock_mode() is
'Keeps the ledger''s mode until the end of the transaction. Any number of transactions may do so at once;
going live waits for all of them.';
revoke all on function purse.lock_mode() from public, anon, authenticated, service_role;

create function public.read_ledger()
    returns jsonb
    language sql
    stable
    security definer
    set search_path = ''
as $$
    select purse.require_server();
    select jsonb_build_object('ledger_id', l.id, 'livemode', l.livemode, 'live_since', l.live_since)
    from purse.ledger l
$$;

comment on function public.read_ledger() is
'Which ledger this is: {ledger_id, livemode: true, false or null before the first order, live_since or null}.';
revoke all on function public.read_ledger() from public, anon, authenticated, service_role;
grant execute on function public.read_ledger() to service_role;
