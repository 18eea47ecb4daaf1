-- Conversion at the desk: how many people open the store, begin a checkout, and pay; how checkouts end; and why
-- payments were declined. Orders say it all but for the opened store, which is counted here.

create table public.store_visits (
    user_id   uuid        not null,
    opened_at timestamptz not null,
    constraint store_visits_pkey primary key (user_id, opened_at)
);

create index store_visits_opened_at_idx on public.store_visits (opened_at) include (user_id);

comment on table public.store_visits is
    'Who opened the store today or, until the daily clean-up has counted them, before: usually one row a person and day. Deleted with the account.';

alter table public.store_visits enable row level security;
revoke all on public.store_visits from public, anon, authenticated, service_role;
grant select on public.store_visits to service_role;

create table public.store_days (
    day    date   not null,
    people bigint not null,
    constraint store_days_pkey primary key (day),
    constraint store_days_are_not_negative check (people >= 0)
);

comment on table public.store_days is
    'How many people opened the store on a day (UTC) that is over. The daily clean-up counts store_visits into it, and deletes those.';

alter table public.store_days enable row level security;
revoke all on public.store_days from public, anon, authenticated, service_role;
grant select on public.store_days to service_role;

create table public.checkout_days (
    day          date    not null,
    livemode     boolean not null,
    people_began bigint  not null,
    people_paid  bigint  not null,
    paid         bigint  not null,
    processing   bigint  not null,
    open         bigint  not null,
    declined     bigint  not null,
    failed       bigint  not null,
    expired      bigint  not null,
    abandoned    bigint  not null,
    constraint checkout_days_pkey primary key (livemode, day)
);

comment on table public.checkout_days is
    'Sums of purse.checkouts_by_day for days that are over for three days, so that a long span need not read their orders. A day without orders has zeros. A change of an order deletes the row of its day, which the next clean-up adds up again.';

alter table public.checkout_days enable row level security;
revoke all on public.checkout_days from public, anon, authenticated, service_role;
grant select on public.checkout_days to service_role;

create index purchases_created_at_idx on public.purchases (created_at);
-- Holds all that the desk shows of declined orders, so that they are counted without reading the table.
create index purchases_declined_at_idx on public.purchases (declined_at)
    include (livemode, decline_code, user_id, paid_at) where declined_at is not null;

create function purse.note_store_opened(p_user_id uuid)
    returns boolean
    language sql
    set search_path = ''
as $$
    with noted as (
        insert into public.store_visits (user_id, opened_at)
        select p_user_id, clock_timestamp()
        where not exists (
            select
            from public.store_visits v
            where v.user_id = p_user_id
                and v.opened_at >= date_trunc('day', now(), 'UTC')
        )
        returning 1
    )
    select exists (select from noted)
$$;

comment on function purse.note_store_opened(uuid) is
'Notes that a person opened the store, once a day (UTC). Returns whether this was the first time today. Two calls at the
same moment may both be noted: people are counted, not rows.';
revoke all on function purse.note_store_opened(uuid) from public, anon, authenticated, service_role;

create function public.note_store_opened(p_user_id uuid)
    returns boolean
    language sql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
    select purse.require_server();
    select purse.require_account(p_user_id);
    select purse.note_store_opened(p_user_id)
$$;

comment on function public.note_store_opened(uuid) is
'Counts that the page of a signed-in person shows the store, once a person and day. Returns whether it was the first time
today. Raises PT403 if the account was deleted.';
revoke all on function public.note_store_opened(uuid) from public, anon, authenticated, service_role;
grant execute on function public.note_store_opened(uuid) to service_role;

create function purse.checkouts_by_day(
    p_from timestamptz,
    p_to   timestamptz
)
    returns table (
        day          date,
        livemode     boolean,
        people_began bigint,
        people_paid  bigint,
        paid         bigint,
        processing   bigint,
        open         bigint,
        declined     bigint,
        failed       bigint,
        expired      bigint,
        abandoned    bigint
    )
    language sql
    stable
    rows 100
    set search_path = ''
    set timezone = 'UTC'
as $$
    with orders as (
        select p.created_at::date as day, p.livemode, p.user_id,
            case
                when p.status in ('paid', 'mismatch') then 'paid'
                when p.status in ('failed', 'processing') then p.status
                -- A checkout page is open for a day at most.
                when p.status = 'open' and p.created_at > now() - interval '1 day' then 'open'
                when p.declined_at is not null then 'declined'
                when p.status = 'expired' then 'expired'
                else 'abandoned'
            end as outcome
        from public.purchases p
        where p.created_at >= p_from
            and p.created_at < p_to
    ),
    -- Grouped by person first: that is faster than to count distinct people.
    people as (
        select o.day, o.livemode, o.user_id,
            count(*) filter (where o.outcome = 'paid') as paid,
            count(*) filter (where o.outcome = 'processing') as processing,
            count(*) filter (where o.outcome = 'open') as open,
            count(*) filter (where o.outcome = 'declined') as declined,
            count(*) filter (where o.outcome = 'failed') as failed,
            count(*) filter (where o.outcome = 'expired') as expired,
            count(*) filter (where o.outcome = 'abandoned') as abandoned
        from orders o
        group by o.day, o.livemode, o.user_id
    )
    select p.day, p.livemode, count(*), count(*) filter (where p.paid > 0), sum(p.paid)::bigint, sum(p.processing)::bigint,
        sum(p.open)::bigint, sum(p.declined)::bigint, sum(p.failed)::bigint, sum(p.expired)::bigint, sum(p.abandoned)::bigint
    from people p
    group by p.day, p.livemode
$$;

comment on function purse.checkouts_by_day(timestamptz, timestamptz) is
'What became of the orders that began at p_from or later and before p_to, by the day (UTC) on which they began: how many
people began one, and how many of them paid one begun that day; and the orders by their end. paid: also if it waits for a
decision. processing: the bank has not confirmed it. open: begun within a day. declined: over, and its payment was declined.
failed: the bank refused it. expired: its page closed without an attempt to pay. abandoned: older than a day, and Stripe has not said how it
ended. Days without orders are left out.';
revoke all on function purse.checkouts_by_day(timestamptz, timestamptz) from public, anon, authenticated, service_role;

create function purse.lock_checkout_days(p_exclusive boolean)
    returns void
    language plpgsql
    set search_path = ''
as $$
declare
    v_key constant bigint := pg_catalog.hashtextextended('checkout_days', 0);
begin
    if p_exclusive then
        perform pg_catalog.pg_advisory_xact_lock(v_key);
    else
        perform pg_catalog.pg_advisory_xact_lock_shared(v_key);
    end if;
end
$$;

comment on function purse.lock_checkout_days(boolean) is
'Advisory lock until the end of the transaction. A transaction that changes orders of days that are over holds it shared.
Adding up days takes it exclusively, so it waits for these and sees what they changed.';
revoke all on function purse.lock_checkout_days(boolean) from public, anon, authenticated, service_role;

create function purse.forget_checkout_day()
    returns trigger
    language plpgsql
    security definer
    set search_path = ''
as $$
begin
    perform purse.lock_checkout_days(false);
    delete from public.checkout_days c
    where c.livemode = new.livemode
        and c.day = (new.created_at at time zone 'UTC')::date;
    return null;
end
$$;

comment on function purse.forget_checkout_day() is
'Trigger: an order of a day that is over came in or changed, so the sums of that day no longer hold.';
revoke all on function purse.forget_checkout_day() from public, anon, authenticated, service_role;

-- Younger orders are in no sum (public.sum_conversion_days), so they pay for no call.
create trigger purchases_forget_day_of_new
    after insert on public.purchases
    for each row
    when (new.created_at < now() - interval '2 days')
    execute function purse.forget_checkout_day();
alter table public.purchases enable always trigger purchases_forget_day_of_new;

create trigger purchases_forget_day_of_changed
    after update on public.purchases
    for each row
    when (
        new.created_at < now() - interval '2 days'
        and (new.status, new.user_id, new.declined_at is null) is distinct from (old.status, old.user_id, old.declined_at is null)
    )
    execute function purse.forget_checkout_day();
alter table public.purchases enable always trigger purchases_forget_day_of_changed;

create function public.sum_conversion_days()
    returns boolean
    language plpgsql
    security definer
    set search_path = ''
    set timezone = 'UTC'
    set lock_timeout = '150ms'
as $$
declare
    v_today    constant timestamptz := date_trunc('day', now());
    v_first    timestamptz := date_trunc('day', (
        select min(v.opened_at) from public.store_visits v where v.opened_at < v_today
    ));
    v_livemode boolean := (select l.livemode from purse.ledger l);
    -- The desk looks back 366 days at most.
    v_began    timestamptz := (
        select greatest(date_trunc('day', min(p.created_at)), v_today - interval '366 days')
        from public.purchases p
        where p.livemode = v_livemode
        having min(p.created_at) is not null
    );
    v_days     date[];
begin
    perform purse.require_server();
    if v_first is not null then
        -- An account that is being deleted loses the same rows: this waits for it, and does not count them.
        with counted as (
            delete from public.store_visits v
            where v.opened_at >= v_first
                and v.opened_at < v_first + interval '1 day'
            returning v.user_id
        )
        -- Added, not set: a visit just before midnight may be committed after the day was counted.
        insert into public.store_days as d (day, people)
        select v_first::date, count(distinct c.user_id)
        from counted c
        on conflict (day) do update
            set people = d.people + excluded.people;
    end if;
    perform purse.lock_checkout_days(true);
    v_days := array(
        select d.day::date
        from generate_series(v_began, v_today - interval '4 days', interval '1 day') d (day)
        where not exists (select from public.checkout_days c where c.livemode = v_livemode and c.day = d.day::date)
        order by d.day
        limit 31
    );
    insert into public.checkout_days
    select d.day, v_livemode, coalesce(c.people_began, 0), coalesce(c.people_paid, 0), coalesce(c.paid, 0),
        coalesce(c.processing, 0), coalesce(c.open, 0), coalesce(c.declined, 0), coalesce(c.failed, 0),
        coalesce(c.expired, 0), coalesce(c.abandoned, 0)
    from unnest(v_days) d (day)
    left join lateral purse.checkouts_by_day(d.day, d.day + 1) c on c.livemode = v_livemode;
    return coalesce(v_first < v_today - interval '1 day', false) or cardinality(v_days) = 31;
end
$$;

comment on function public.sum_conversion_days() is
'Counts the visits of the store of the oldest day that is over into store_days, and deletes them; and adds up in checkout_days
the orders of 31 days at most that are over for three days, as far back as the desk looks (366 days). Without it the desk''s figures are the same, and take longer. Returns whether there may be more days to do: call it again. The daily clean-up does.';
revoke all on function public.sum_conversion_days() from public, anon, authenticated, service_role;
grant execute on function public.sum_conversion_days() to service_role;
