-- The desk's figures about conversion and declined payments.

create function purse.declines_since(p_since timestamptz)
    returns jsonb
    language sql
    stable
    set search_path = ''
as $$
    with newest as materialized (
        select p.livemode, coalesce(p.decline_code, 'unknown') as code, p.user_id, p.paid_at is not null as is_paid, p.declined_at
        from public.purchases p
        where p.declined_at >= p_since
        order by p.declined_at desc
        limit 100000
    ),
    by_person as materialized (
        select n.livemode, n.code, n.user_id, count(*) as orders, count(*) filter (where n.is_paid) as paid
        from newest n
        group by n.livemode, n.code, n.user_id
    ),
    by_code as materialized (
        select b.livemode, b.code, count(*) as people, sum(b.orders)::bigint as orders, sum(b.paid)::bigint as paid
        from by_person b
        group by b.livemode, b.code
    ),
    reasons as (
        select c.* from by_code c where purse.is_of_this_mode(c.livemode)
    )
    select jsonb_build_object(
        'orders', coalesce((select sum(r.orders) from reasons r), 0)::bigint,
        'paid', coalesce((select sum(r.paid) from reasons r), 0)::bigint,
        'people', (
            select count(distinct b.user_id)
            from by_person b
            where b.livemode in (select r.livemode from reasons r)
        ),
        'cut_at', (select min(n.declined_at) from newest n having count(*) = 100000),
        'reasons', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'code', r.code, 'orders', r.orders, 'people', r.people, 'paid', r.paid
            ) order by r.orders desc, r.code), '[]'::jsonb)
            from reasons r
        )
    )
$$;

comment on function purse.declines_since(timestamptz) is
'Orders with a declined payment from a moment on, each under the reason of its latest decline: {orders, people, paid: how
many of these orders were paid in the end, cut_at: the moment that the newest 100,000 reach back to if there are more, else
null; reasons: [{code: Stripe''s decline code or unknown, orders, people, paid}]}, the most frequent first.';
revoke all on function purse.declines_since(timestamptz) from public, anon, authenticated, service_role;

create function public.desk_conversion(
    p_actor_id uuid,
    p_days     integer default 30
)
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
as $$
declare
    v_from timestamptz;
begin
    perform purse.require_server();
    perform purse.require_staff(p_actor_id);
    if p_days is null or p_days not between 1 and 366 then
        raise exception using errcode = 'PT422', message = 'days are from 1 to 366';
    end if;
    v_from := date_trunc('day', now()) - make_interval(days => p_days - 1);
    return (
        with summed as (
            select c.* from public.checkout_days c, purse.ledger l where c.livemode = l.livemode and c.day >= v_from
        ),
        gaps as (
            -- Days without sums, those that follow each other as one: usually the newest four.
            select min(g.day) as first_day, max(g.day) + 1 as next_day
            from (
                select d.day::date as day, d.day::date - row_number() over (order by d.day)::integer as run
                from generate_series(v_from, now(), interval '1 day') d (day)
                where d.day::date not in (select s.day from summed s)
            ) g
            group by g.run
        ),
        checkouts_in_modes as materialized (
            select s.day, s.livemode, s.people_began, s.people_paid, s.paid, s.processing, s.open, s.declined, s.failed,
                s.expired, s.abandoned
            from summed s
            union all
            select b.*
            from gaps g
            cross join lateral purse.checkouts_by_day(g.first_day, g.next_day) b
        ),
        checkouts as (
            select c.* from checkouts_in_modes c where purse.is_of_this_mode(c.livemode)
        ),
        opened as (
            select v.day, sum(v.people)::bigint as people
            from (
                select s.day, s.people from public.store_days s where s.day >= v_from
                union all
                select v.opened_at::date, count(distinct v.user_id)
                from public.store_visits v
                where v.opened_at >= v_from
                group by 1
            ) v
            -- What was opened before the shop went live belongs to its test orders, which do not count.
            where v.day >= coalesce((select l.live_since::date from purse.ledger l), '-infinity')
            group by v.day
        ),
        daily as (
            select day, coalesce(o.people, 0) as opened, coalesce(c.people_began, 0) as began,
                coalesce(c.people_paid, 0) as bought, coalesce(c.paid, 0) as paid,
                coalesce(c.processing, 0) as processing, coalesce(c.open, 0) as open, coalesce(c.declined, 0) as declined,
                coalesce(c.failed, 0) as failed, coalesce(c.expired, 0) as expired, coalesce(c.abandoned, 0) as abandoned
            from opened o
            full join checkouts c using (day)
        )
        select jsonb_build_object(
            'from', v_from::date,
            'to', now()::date,
            'daily', (
                select coalesce(jsonb_agg(to_jsonb(d) order by d.day), '[]'::jsonb)
                from daily d
                where d.opened + d.paid + d.processing + d.open + d.declined + d.failed + d.expired + d.abandoned > 0
            ),
            'total', (
                select jsonb_build_object(
                    'opened', coalesce(sum(d.opened), 0), 'began', coalesce(sum(d.began), 0),
                    'bought', coalesce(sum(d.bought), 0), 'paid', coalesce(sum(d.paid), 0),
                    'processing', coalesce(sum(d.processing), 0), 'open', coalesce(sum(d.open), 0),
                    'declined', coalesce(sum(d.declined), 0), 'failed', coalesce(sum(d.failed), 0),
                    'expired', coalesce(sum(d.expired), 0), 'abandoned', coalesce(sum(d.abandoned), 0)
                )
                from daily d
            ),
            'declines', purse.declines_since(v_from)
        )
    );
end
$$;

comment on function public.desk_conversion(uuid, integer) is
'How many people opened the store, began a checkout and paid in the last p_days days (1 to 366, today included, in UTC),
and how the checkouts ended, for staff. Returns {from, to, daily: [{day, opened, began, bought: people; paid, processing,
open, declined, failed, expired, abandoned: orders that began that day, see purse.checkouts_by_day}], days without any are
left out; total: the sums of the days, so a person counts once for each day; declines: see purse.declines_since}.
Raises PT403 for who is not staff, PT422 for days out of bounds.';
revoke all on function public.desk_conversion(uuid, integer) from public, anon, authenticated, service_role;
grant execute on function public.desk_conversion(uuid, integer) to service_role;
