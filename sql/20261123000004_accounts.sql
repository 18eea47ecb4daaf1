-- An account under way: credits set aside for work (holds), what lapses by itself, and which lots a
-- movement touches. Everything here is for our own functions; the user's row is the one lock.

create table public.credit_holds (
    id              uuid        not null default gen_random_uuid(),
    user_id         uuid        not null,
    feature         text        not null,
    quantity        integer     not null,
    credits         bigint      not null,
    lots            jsonb       not null,
    status          text        not null default 'held',
    captured        bigint      not null default 0,
    transaction_id  bigint,
    idempotency_key public.idempotency_key not null,
    expires_at      timestamptz not null,
    ended_at        timestamptz,
    created_at      timestamptz not null default clock_timestamp(),
    constraint credit_holds_pkey primary key (id),
    constraint credit_holds_user_id_fkey foreign key (user_id) references public.user_credits (user_id),
    constraint credit_holds_transaction_id_fkey foreign key (transaction_id) references public.credit_transactions (id),
    constraint credit_holds_idempotency_key_key unique (user_id, idempotency_key),
    constraint credit_holds_status_is_known check (status in ('held', 'captured', 'released', 'lapsed')),
    constraint credit_holds_ended_says_when check ((status = 'held') = (ended_at is null)),
    constraint credit_holds_credits_are_positive check (credits > 0),
    constraint credit_holds_captured_is_within check (captured between 0 and credits),
    constraint credit_holds_captured_names_its_transaction
        check ((status = 'captured') = (captured > 0) and (captured > 0) = (transaction_id is not null))
);

create index credit_holds_held_idx on public.credit_holds (user_id, expires_at) where status = 'held';

comment on table public.credit_holds is
    'Credits set aside for work under way: captured when it is done, released when it failed, lapsed by themselves at the deadline.';
comment on column public.credit_holds.lots is 'From which lots: {"lot id": credits}. They stay in the lot, and do not lapse with it, until the hold ends.';
comment on column public.credit_holds.captured is 'Credits that were spent in the end; the rest went back.';

alter table public.credit_holds enable row level security;
revoke all on public.credit_holds from public, anon, authenticated, service_role;
grant select on public.credit_holds to authenticated, service_role;

create policy "a user reads their own holds" on public.credit_holds
    for select to authenticated using (user_id = (select auth.uid()));

-- lapse_account(user) writes what has lapsed: holds past their deadline end, and of lots past theirs what
-- is free goes, one ledger row a lot. What a hold has set aside stays until the hold ends.
-- The caller holds the user's row. Also finds when to look next.
create function public.lapse_account(p_user_id uuid)
    returns void
    language plpgsql
    set search_path = ''
as $$
begin
    with ended as (
        update public.credit_holds h
        set status = 'lapsed',
            ended_at = h.expires_at
        where h.user_id = p_user_id
            and h.status = 'held'
            and h.expires_at <= now()
        returning h.credits, h.lots
    ),
    freed as (
        select e.key::bigint as lot_id, sum(e.value::bigint)::bigint as credits
        from ended
        cross join lateral pg_catalog.jsonb_each_text(ended.lots) e
        group by e.key
    ),
    lots as (
        update public.credit_lots l
        set held = l.held - f.credits
        from freed f
        where l.user_id = p_user_id
            and l.id = f.lot_id
    )
    update public.user_credits u
    set held = u.held - (select coalesce(sum(ended.credits), 0) from ended)
    where u.user_id = p_user_id;

    with gone as (
        select l.id, l.expires_at, l.remaining - l.held as credits,
            sum(l.remaining - l.held) over (order by l.expires_at, l.id) as so_far
        from public.credit_lots l
        where l.user_id = p_user_id
            and l.expires_at <= now()
            and l.remaining > l.held
    ),
    lots as (
        update public.credit_lots l
        set remaining = l.remaining - g.credits,
            lapsed = l.lapsed + g.credits
        from gone g
        where l.user_id = p_user_id
            and l.id = g.id
    ),
    account as (
        update public.user_credits u
        set balance = u.balance - (select sum(g.credits) from gone g),
            updated_at = clock_timestamp()
        where u.user_id = p_user_id
            and exists (select from gone)
        returning u.balance + (select sum(g.credits) from gone g) as balance_before
    )
    insert into public.credit_transactions (user_id, kind, amount, balance_after, lots)
    select p_user_id, 'expiry', -g.credits, a.balance_before - g.so_far, pg_catalog.jsonb_build_object(g.id, -g.credits)
    from gone g
    cross join account a
    order by g.expires_at, g.id;

    update public.user_credits u
    set lapses_at = least(
        (select min(h.expires_at) from public.credit_holds h where h.user_id = p_user_id and h.status = 'held'),
        (select min(l.expires_at) from public.credit_lots l where l.user_id = p_user_id and l.remaining > l.held)
    )
    where u.user_id = p_user_id;
end
$$;

comment on function public.lapse_account(uuid) is
    'Writes what has lapsed of one account: holds past their deadline, then what is free of lots past theirs. Granted to nobody.';
revoke all on function public.lapse_account(uuid) from public, anon, authenticated, service_role;

-- lock_account(user) -> the account as it is now, what has lapsed written; null for a user without one.
-- From here to the end of the transaction no other movement of this user can come between.
create function public.lock_account(p_user_id uuid)
    returns public.user_credits
    language plpgsql
    set search_path = ''
as $$
declare
    v_account public.user_credits;
begin
    select * into v_account from public.user_credits u where u.user_id = p_user_id for update;
    if v_account.lapses_at <= now() then
        perform public.lapse_account(p_user_id);
        select * into v_account from public.user_credits u where u.user_id = p_user_id;
    end if;
    return v_account;
end
$$;

comment on function public.lock_account(uuid) is 'Locks a user''s row, the one lock of every movement, and writes what has lapsed. Granted to nobody.';
revoke all on function public.lock_account(uuid) from public, anon, authenticated, service_role;

-- open_account(user) -> the account, locked; made if there is none.
create function public.open_account(p_user_id uuid)
    returns public.user_credits
    language plpgsql
    set search_path = ''
as $$
begin
    insert into public.user_credits (user_id) values (p_user_id) on conflict (user_id) do nothing;
    return public.lock_account(p_user_id);
end
$$;

comment on function public.open_account(uuid) is 'Makes a user''s account if there is none, and locks it. Granted to nobody.';
revoke all on function public.open_account(uuid) from public, anon, authenticated, service_role;

-- lots_to_take(user, credits) -> {lot: -credits} in the burn order; short if less than that is free.
-- This and the next two are plpgsql, which keeps their plans; SQL is planned at every call.
create function public.lots_to_take(
    p_user_id uuid,
    p_credits bigint
)
    returns jsonb
    language plpgsql
    stable
    set search_path = ''
as $$
begin
    return (
        select pg_catalog.jsonb_object_agg(s.lot_id, -least(s.free, p_credits - s.before))
        from public.spendable_lots s
        where s.user_id = p_user_id
            and s.before < p_credits
    );
end
$$;

comment on function public.lots_to_take(uuid, bigint) is 'From which lots so many credits are taken: soonest to expire first, then oldest. Granted to nobody.';
revoke all on function public.lots_to_take(uuid, bigint) from public, anon, authenticated, service_role;

-- lots_to_drain(user, lot, credits) -> {lot: -credits} for a clawback: the purchase's own lot first, then
-- the others in the burn order. What is spent already becomes a debt of the purchase's own lot; what a
-- hold has set aside is left to it, so that work under way is paid for.
create function public.lots_to_drain(
    p_user_id uuid,
    p_lot_id  bigint,
    p_credits bigint
)
    returns jsonb
    language plpgsql
    stable
    set search_path = ''
as $$
begin
    return (
        with free as (
            select l.id, l.remaining - l.held as credits,
                sum(l.remaining - l.held) over (order by l.id <> p_lot_id, l.expires_at, l.id) as so_far
            from public.credit_lots l
            where l.user_id = p_user_id
                and l.remaining > l.held
        ),
        taken as (
            select f.id, least(f.credits, p_credits - (f.so_far - f.credits)) as credits
            from free f
            where f.so_far - f.credits < p_credits
        ),
        parts as (
            select t.id, t.credits from taken t
            union all
            select p_lot_id, p_credits - (select coalesce(sum(t.credits), 0) from taken t)
        )
        select pg_catalog.jsonb_object_agg(s.id, -s.credits)
        from (select p.id, sum(p.credits)::bigint as credits from parts p group by p.id having sum(p.credits) > 0) s
    );
end
$$;

comment on function public.lots_to_drain(uuid, bigint, bigint) is
    'From which lots a clawback takes: its own, then others, and what is spent already as a debt. Granted to nobody.';
revoke all on function public.lots_to_drain(uuid, bigint, bigint) from public, anon, authenticated, service_role;

-- lots_to_fill(user, lot, credits, purchase or null) -> {lot: credits} for credits that come in. Debts are
-- paid first, oldest first. Then, of a purchase whose clawbacks drained other lots, those get theirs back.
-- The rest goes into the lot itself.
create function public.lots_to_fill(
    p_user_id     uuid,
    p_lot_id      bigint,
    p_credits     bigint,
    p_purchase_id uuid default null
)
    returns jsonb
    language plpgsql
    stable
    set search_path = ''
as $$
begin
    return (
        with claims as (
            select 1 as turn, l.id, -l.remaining as credits
            from public.credit_lots l
            where l.user_id = p_user_id
                and l.remaining < 0
            union all
            select 2, e.key::bigint, -sum(e.value::bigint)
            from public.credit_transactions t
            cross join lateral pg_catalog.jsonb_each_text(t.lots) e
            where t.purchase_id = p_purchase_id
                and t.kind in ('clawback', 'giveback')
                and e.key::bigint <> p_lot_id
            group by e.key
            having sum(e.value::bigint) < 0
        ),
        queue as (
            select c.id, c.credits, sum(c.credits) over (order by c.turn, c.id) as so_far
            from claims c
        ),
        given as (
            select q.id, least(q.credits, p_credits - (q.so_far - q.credits)) as credits
            from queue q
            where q.so_far - q.credits < p_credits
        ),
        parts as (
            select g.id, g.credits from given g
            union all
            select p_lot_id, p_credits - (select coalesce(sum(g.credits), 0) from given g)
        )
        select pg_catalog.jsonb_object_agg(s.id, s.credits)
        from (select p.id, sum(p.credits)::bigint as credits from parts p group by p.id having sum(p.credits) > 0) s
    );
end
$$;

comment on function public.lots_to_fill(uuid, bigint, bigint, uuid) is
    'Into which lots credits go: debts first, then what this purchase''s clawbacks took from others, then its own. Granted to nobody.';
revoke all on function public.lots_to_fill(uuid, bigint, bigint, uuid) from public, anon, authenticated, service_role;
