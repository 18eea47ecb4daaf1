-- Holds: credits set aside for work that can fail (hold_credits), then spent (capture_hold) or given
-- back (release_hold). A hold that is neither captured nor released expires at its deadline.
-- Idempotency keys work as in spending.

create domain public.hold_status as text
    constraint hold_status_is_known check (value in ('held', 'captured', 'released', 'lapsed'));
comment on domain public.hold_status is 'The state of a hold: held until it ends.';

create table public.credit_holds (
    id              uuid        not null default gen_random_uuid(),
    user_id         uuid        not null,
    feature         text        not null,
    quantity        integer     not null,
    credits         bigint      not null,
    lots            jsonb       not null,
    status          public.hold_status not null default 'held',
    captured        bigint      not null default 0,
    transaction_id  bigint,
    idempotency_key public.idempotency_key not null,
    attempt         integer     not null default 1,
    expires_at      timestamptz not null,
    ended_at        timestamptz,
    created_at      timestamptz not null default clock_timestamp(),
    -- No foreign key to user_credits, for the same reason as in credit_transactions.
    constraint credit_holds_pkey primary key (id),
    constraint credit_holds_transaction_id_fkey foreign key (transaction_id) references public.credit_transactions (id),
    constraint credit_holds_idempotency_key_key unique (user_id, idempotency_key, attempt)
)
-- Leaves room in the page for the row's next version.
with (fillfactor = 70);

-- Not partial: an index with the status in its condition would get new entries in every index of the table when a hold
-- ends, instead of none. purse.open_holds says how it finds the holds in progress among those that ended.
create index credit_holds_user_id_expires_at_idx on public.credit_holds (user_id, expires_at);

comment on table public.credit_holds is
    'Credits set aside for work in progress: captured when it is done, released when it failed, expired at the deadline otherwise.';
comment on column public.credit_holds.lots is 'The lots that hold them: {"lot id": credits}. The credits stay in the lot and do not expire with it until the hold ends. Read them through purse.hold_lots.';
comment on column public.credit_holds.captured is 'Credits that were spent in the end. If fewer than held, the rest went back; if more, the excess was taken from free credits.';
comment on column public.credit_holds.feature is 'What the work is. No feature''s id: purse:refund, if the hold pins the credits of a refund to their lot.';
comment on column public.credit_holds.attempt is 'Counts the holds under one key from 1. A released or expired hold frees its key for the same work, so at most the last attempt is held or captured.';
comment on column public.credit_holds.status is 'held until it ends; then captured, released, or lapsed if the deadline passed.';

alter table public.credit_holds enable row level security;
revoke all on public.credit_holds from public, anon, authenticated, service_role;
grant select on public.credit_holds to authenticated, service_role;

create policy "a user reads their own holds" on public.credit_holds
    for select to authenticated using (user_id = (select auth.uid()) and (select public.account_is_open()));

-- A trigger and not check constraints, which Postgres reads anew in every statement that writes to the table.
create function purse.require_consistent_hold()
    returns trigger
    language plpgsql
    set search_path = ''
as $$
begin
    if not (
        new.credits > 0
        and new.captured >= 0
        and new.attempt > 0
        and (new.status = 'held') = (new.ended_at is null)
        and (new.status = 'captured') = (new.captured > 0)
        and (new.captured > 0) = (new.transaction_id is not null)
    ) then
        raise exception using
            errcode = 'check_violation',
            message = 'the fields of a hold contradict its status ' || new.status;
    end if;
    return new;
end
$$;

comment on function purse.require_consistent_hold() is
'Trigger: refuses a hold that ended without saying when, or whose captured credits contradict its status.';
revoke all on function purse.require_consistent_hold() from public, anon, authenticated, service_role;

create trigger credit_holds_are_consistent
    before insert or update on public.credit_holds
    for each row execute function purse.require_consistent_hold();
alter table public.credit_holds enable always trigger credit_holds_are_consistent;

create view purse.hold_lots with (security_invoker = true) as
    select h.id as hold_id,
        e.key::bigint as lot_id,
        e.value::bigint as credits
    from public.credit_holds h
    cross join lateral pg_catalog.jsonb_each_text(h.lots) e;

comment on view purse.hold_lots is 'Holds lot by lot: how many credits of which lot each hold sets aside, also after it has ended.';
revoke all on purse.hold_lots from public, anon, authenticated, service_role;

create function purse.open_holds(p_user_id uuid)
    returns setof public.credit_holds
    language plpgsql
    stable
    set search_path = ''
as $$
begin
    -- lapses_at is no later than the deadline of any hold in progress, so the index passes over the holds that ended
    -- before it, which may be many. As a join, Postgres might read them all.
    return query
    select h.*
    from public.credit_holds h
    where h.user_id = p_user_id
        and h.status = 'held'
        and h.expires_at >= (select u.lapses_at from public.user_credits u where u.user_id = p_user_id);
end
$$;

comment on function purse.open_holds(uuid) is
'A user''s holds in progress, also those past their deadline whose end is not written yet.';
revoke all on function purse.open_holds(uuid) from public, anon, authenticated, service_role;

create function purse.hold_by_steps(
    p_user_id         uuid,
    p_feature         text,
    p_quantity        integer,
    p_idempotency_key text,
    p_seconds         integer
)
    returns jsonb
    language plpgsql
    set search_path = ''
    set timezone = 'UTC'
as $$
declare
    v_credits bigint;
    v_account public.user_credits;
    v_hold    public.credit_holds;
    v_is_new  boolean := false;
begin
    perform purse.require_server();
    if p_seconds is null or p_seconds not between 1 and 604800 then
        raise exception using errcode = 'PT422', message = 'seconds must be from 1 to 604800';
    end if;
    perform purse.require_account(p_user_id);
    perform purse.require_valid_key(p_idempotency_key);
    v_account := purse.lock_open_account(p_user_id);

    select * into v_hold
    from public.credit_holds h
    where h.user_id = p_user_id
        and h.idempotency_key = p_idempotency_key
    order by h.attempt desc
    limit 1;
    if found then
        perform purse.require_same_request(v_hold.feature = p_feature and v_hold.quantity = p_quantity);
        perform purse.require_not_reversed(v_hold.transaction_id);
    end if;
    if v_hold.id is null or v_hold.status in ('released', 'lapsed') then
        if exists (
            select from public.credit_transactions t
            where t.user_id = p_user_id
                and t.idempotency_key = p_idempotency_key
        ) then
            perform purse.raise_key_reused();
        end if;
        v_credits := purse.price_of(p_feature, p_quantity);
        perform purse.require_available(v_account, v_credits);
        v_is_new := true;

        with taken as (
            select s.lot_id, least(s.free, v_credits - s.before) as credits
            from purse.spendable_lots s
            where s.user_id = p_user_id
                and s.before < v_credits
        ),
        lots as (
            update public.credit_lot_rows l
            set held = l.held + t.credits
            from taken t
            where l.user_id = p_user_id
                and l.id = t.lot_id
        )
        insert into public.credit_holds (user_id, feature, quantity, credits, lots, idempotency_key, attempt, expires_at)
        select p_user_id, p_feature, p_quantity, v_credits, jsonb_object_agg(t.lot_id, t.credits), p_idempotency_key,
            coalesce(v_hold.attempt, 0) + 1, now() + p_seconds * interval '1 second'
        from taken t
        returning * into v_hold;

        update public.user_credits u
        set held = u.held + v_credits,
            has_held = true,
            lapses_at = least(u.lapses_at, v_hold.expires_at),
            updated_at = clock_timestamp()
        where u.user_id = p_user_id
        returning * into v_account;
        perform purse.note_next_lot(p_user_id);
    end if;

    return jsonb_build_object(
        'hold_id', v_hold.id,
        'credits', v_hold.credits,
        'expires_at', v_hold.expires_at,
        'status', v_hold.status,
        'balance', v_account.balance,
        'available', v_account.balance - v_account.held,
        'replayed', not v_is_new
    );
end
$$;

comment on function purse.hold_by_steps(uuid, text, integer, text, integer) is
'Holds, or says why not, in every case. hold_credits calls it when its fast path does not apply.';
revoke all on function purse.hold_by_steps(uuid, text, integer, text, integer) from public, anon, authenticated, service_role;

-- Like spend_credits: the usual hold in short statements, every other case by steps.
create function public.hold_credits(
    p_user_id         uuid,
    p_feature         text,
    p_quantity        integer,
    p_idempotency_key text,
    p_seconds         integer
)
    -- json, as in spend_credits.
    returns json
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
declare
    v_hold_id   uuid;
    v_credits   bigint;
    v_balance   bigint;
    v_available bigint;
    v_lot_id    bigint;
    v_expires_at constant timestamptz := now() + p_seconds * interval '1 second';
begin
    if (
        -- Written out, as in spend_credits.
        pg_catalog.current_setting('role') not in ('anon', 'authenticated')
        and p_seconds between 1 and 604800
        and p_quantity between 1 and 1000000
        and octet_length(p_idempotency_key) <= 255
        and p_idempotency_key ~ '^[\x20-\x7e]+$'
    ) is not true then
        return purse.hold_by_steps(p_user_id, p_feature, p_quantity, p_idempotency_key, p_seconds);
    end if;
    select f.credits * p_quantity into v_credits
    from public.credit_features f
    where f.id = p_feature
        and f.active;

    -- Finds nothing without a price or an account.
    update public.user_credits u
    set held = u.held + v_credits,
        next_lot_free = u.next_lot_free - v_credits,
        has_held = true,
        lapses_at = least(u.lapses_at, v_expires_at),
        updated_at = clock_timestamp()
    where u.user_id = p_user_id
        and u.next_lot_free >= v_credits
        and u.balance - u.held >= v_credits
        and (u.lapses_at <= now()) is not true
        and u.deleted_at is null
    returning u.balance, u.balance - u.held, u.next_lot_id into v_balance, v_available, v_lot_id;

    if found then
        perform from public.credit_transactions t
        where t.user_id = p_user_id
            and t.idempotency_key = p_idempotency_key;
        if not found then
            insert into public.credit_holds (user_id, feature, quantity, credits, lots, idempotency_key, expires_at)
            values (
                p_user_id, p_feature, p_quantity, v_credits, pg_catalog.jsonb_build_object(v_lot_id, v_credits),
                p_idempotency_key, v_expires_at
            )
            -- A parallel request with the same key may have committed while we waited for the lock.
            on conflict (user_id, idempotency_key, attempt) do nothing
            returning id into v_hold_id;
            if found then
                update public.credit_lot_rows l
                set held = l.held + v_credits
                where l.id = v_lot_id;
                return pg_catalog.format(
                    '{"hold_id": "%s", "credits": %s, "expires_at": "%s+00:00", "status": "held", "balance": %s, "available": %s,'
                    ' "replayed": false}',
                    v_hold_id, v_credits, btrim(to_json(v_expires_at at time zone 'UTC')::text, '"'), v_balance, v_available
                );
            end if;
        end if;
        -- lapses_at may stay too early: see its comment.
        update public.user_credits u
        set held = u.held - v_credits,
            next_lot_free = u.next_lot_free + v_credits
        where u.user_id = p_user_id;
    end if;
    return purse.hold_by_steps(p_user_id, p_feature, p_quantity, p_idempotency_key, p_seconds);
end
$$;

comment on function public.hold_credits(uuid, text, integer, text, integer) is
'Sets aside the price of a feature while the work is in progress, once per idempotency key. End the
hold with capture_hold or release_hold; otherwise it expires after p_seconds (1 to 604800, a week).
Returns {hold_id, credits, expires_at, status, balance, available, replayed}; in a replay, status is
held or captured. A hold that was released or has expired frees its key: the same request then holds
anew, at the present price. Raises as spend_credits does; PT422 also for invalid seconds.';
revoke all on function public.hold_credits(uuid, text, integer, text, integer) from public, anon, authenticated, service_role;
grant execute on function public.hold_credits(uuid, text, integer, text, integer) to service_role;

create function purse.lock_hold(p_hold_id uuid)
    returns public.credit_holds
    language plpgsql
    set search_path = ''
as $$
declare
    v_hold public.credit_holds;
begin
    -- Written out, as in spend_credits.
    if pg_catalog.current_setting('role') in ('anon', 'authenticated') then
        perform purse.require_server();
    end if;
    -- The user's row is locked before the hold is read. A hold never changes its user.
    perform purse.lock_account(h.user_id) from public.credit_holds h where h.id = p_hold_id;
    select * into v_hold from public.credit_holds h where h.id = p_hold_id;
    if not found then
        raise exception using errcode = 'PT404', message = 'no such hold', detail = 'unknown_hold';
    end if;
    if v_hold.feature = 'purse:refund' then
        raise exception using
            errcode = 'PT409',
            message = 'the hold pins the credits of a refund, which ends it',
            detail = 'hold_of_refund';
    end if;
    return v_hold;
end
$$;

comment on function purse.lock_hold(uuid) is
'Locks the user''s row of a hold, writes what has expired, and returns the hold. Raises PT404 if there is no such
hold, PT409 if it pins the credits of a refund (purse.pin_refund), insufficient_privilege as purse.require_server does.';
revoke all on function purse.lock_hold(uuid) from public, anon, authenticated, service_role;
