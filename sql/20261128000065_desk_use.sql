-- The desk's page about use. Features and people come from the newest ledger rows. What free credits cost, and how old
-- the credits left are, has no index that bounds it: the credits left of a lot change with each spend, and an index
-- of them would make each spend slower. So all lots are counted once a day, or when staff ask, and the figures are kept.

create table purse.use_figures (
    is_only    boolean     not null default true,
    counted_at timestamptz not null,
    figures    jsonb       not null,
    constraint use_figures_pkey primary key (is_only),
    constraint use_figures_is_one_row check (is_only)
);

comment on table purse.use_figures is 'What purse.count_use counted last. It follows from lots and orders, and may be deleted.';

alter table purse.use_figures enable row level security;
revoke all on purse.use_figures from public, anon, authenticated, service_role;

create function purse.source_of_gift(
    p_source text,
    p_name   text
)
    returns text
    language plpgsql
    stable
    set search_path = ''
as $$
begin
    return case
        when p_source = 'purchase' then 'order'
        when p_source = 'correction' then 'correction'
        when exists (select from public.credit_campaigns c where c.name = p_name) then 'code'
        when exists (select from public.grant_batches b where b.campaign = p_name) then 'file'
        when p_name = 'Welcome' then 'signup'
        else 'grant'
    end;
end
$$;

comment on function purse.source_of_gift(text, text) is
'How a lot that nobody paid for came about, by its source and name: order (a purchase at no charge), correction, code, file
(desk_begin_grants), signup (grant_signup_bonus), or grant.';
revoke all on function purse.source_of_gift(text, text) from public, anon, authenticated, service_role;

create function purse.lots_by_day(p_since date)
    returns table (
        day      date,
        is_paid  boolean,
        source   text,
        name     text,
        given    bigint,
        remain   bigint,
        expired  bigint,
        expiring bigint
    )
    language sql
    stable
    rows 1000
    set search_path = ''
    set timezone = 'UTC'
    set work_mem = '64MB'
as $$
    with lots as (
        select l.created_at::date as day, coalesce(p.amount_paid > 0, false) as is_paid, l.source, l.name, l.granted,
            l.lapsed + l.forfeited as written_off,
            greatest(l.remaining, 0) as whole,
            -- Held credits of a lot that has expired are left until their hold ends.
            case when l.expires_at <= now() then least(greatest(l.remaining, 0), l.held) else greatest(l.remaining, 0) end as remain,
            l.expires_at > now() and l.expires_at <= now() + interval '30 days' as is_expiring
        from public.credit_lots l
        left join public.purchases p on p.id = l.purchase_id
    )
    select l.day, l.is_paid,
        case when not l.is_paid and l.day >= p_since then l.source::text end,
        case when not l.is_paid and l.day >= p_since then l.name end,
        sum(l.granted)::bigint,
        sum(l.remain)::bigint,
        sum(l.written_off + l.whole - l.remain)::bigint,
        coalesce(sum(l.remain) filter (where l.is_expiring), 0)::bigint
    from lots l
    group by 1, 2, 3, 4
$$;

comment on function purse.lots_by_day(date) is
'All lots by the day they came on: credits given, remaining, expired or given up, and those remaining that expire within 30 days.
is_paid: money was paid for them. source and name are set for lots since p_since that nobody paid for. Reads every lot.';
revoke all on function purse.lots_by_day(date) from public, anon, authenticated, service_role;

create function purse.prices_of_a_credit(p_since timestamptz)
    returns table (
        currency text,
        orders   bigint,
        paid     bigint,
        credits  bigint
    )
    language sql
    stable
    rows 5
    set search_path = ''
as $$
    with modes as materialized (
        select p.livemode, p.currency_paid as currency, count(*) as orders, sum(p.amount_paid)::bigint as paid,
            sum(p.credits)::bigint as credits
        from public.purchases p
        where p.paid_at >= p_since
            and p.amount_paid > 0
            and p.status = 'paid'
        group by p.livemode, p.currency_paid
    )
    select m.currency, m.orders, m.paid, m.credits
    from modes m
    where purse.is_of_this_mode(m.livemode)
$$;

comment on function purse.prices_of_a_credit(timestamptz) is
'What was paid for credits from a moment on, by currency: orders, the amount in minor units, and the credits it bought. Refunds
do not change it: they take credits back at the same price.';
revoke all on function purse.prices_of_a_credit(timestamptz) from public, anon, authenticated, service_role;

create function purse.count_use()
    returns jsonb
    language plpgsql
    set search_path = ''
    set timezone = 'UTC'
as $$
declare
    v_today   constant date := now()::date;
    v_since   constant date := now()::date - 29;
    v_figures jsonb;
begin
    -- One count at a time: whoever comes second is content with the last one.
    if not pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('count_use', 0)) then
        return (select f.figures || jsonb_build_object('at', f.counted_at) from purse.use_figures f);
    end if;
    with days as materialized (
        select * from purse.lots_by_day(v_since)
    ),
    gifts as materialized (
        select d.*, d.given - d.remain - d.expired as used
        from days d
        where not d.is_paid
            and d.day >= v_since
    ),
    ranked as (
        select s.*, row_number() over (order by s.given desc, s.source, s.name) as place
        from (
            select purse.source_of_gift(n.source, n.name) as source, n.name, n.given, n.used, n.expired, n.remain
            from (
                select g.source, g.name, sum(g.given) as given, sum(g.used) as used, sum(g.expired) as expired,
                    sum(g.remain) as remain
                from gifts g
                group by g.source, g.name
            ) n
        ) s
    ),
    sources as (
        -- Everybody may write a reason of their own: the names that gave most, and the rest by source.
        select r.source, case when r.place <= 20 then r.name end as name, min(r.place) as place,
            sum(r.given)::bigint as given, sum(r.used)::bigint as used, sum(r.expired)::bigint as expired,
            sum(r.remain)::bigint as remain
        from ranked r
        group by r.source, case when r.place <= 20 then r.name end
    ),
    ages (after_days, to_days) as (
        values (0, 30), (31, 90), (91, 180), (181, 365), (366, null)
    )
    select jsonb_build_object(
        'from', v_since,
        'to', v_today,
        'daily', (
            select coalesce(jsonb_agg(to_jsonb(x) order by x.day), '[]'::jsonb)
            from (
                select g.day, sum(g.given)::bigint as given, sum(g.used)::bigint as used, sum(g.expired)::bigint as expired,
                    sum(g.remain)::bigint as remain
                from gifts g
                group by g.day
            ) x
        ),
        'sources', (
            select coalesce(jsonb_agg(to_jsonb(s) - 'place' order by s.name is null, s.place), '[]'::jsonb) from sources s
        ),
        'prices', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'currency', c.currency,
                'decimals', purse.decimals_of(c.currency),
                'orders', c.orders,
                'paid', c.paid,
                'credits', c.credits,
                'value', (select div(coalesce(sum(g.used), 0) * c.paid, c.credits)::bigint from gifts g)
            ) order by c.orders desc, c.currency), '[]'::jsonb)
            from purse.prices_of_a_credit(v_today - interval '364 days') c
        ),
        'ages', (
            select jsonb_agg(to_jsonb(x) order by x.after_days)
            from (
                select a.after_days, a.to_days,
                    coalesce(sum(d.remain) filter (where d.is_paid), 0)::bigint as paid,
                    coalesce(sum(d.remain) filter (where not d.is_paid), 0)::bigint as free
                from ages a
                left join days d on v_today - d.day >= a.after_days and v_today - d.day <= coalesce(a.to_days, 2147483647)
                group by a.after_days, a.to_days
            ) x
        ),
        'expiring', (
            select jsonb_build_object(
                'paid', coalesce(sum(d.expiring) filter (where d.is_paid), 0),
                'free', coalesce(sum(d.expiring) filter (where not d.is_paid), 0)
            )
            from days d
        )
    )
    into v_figures;
    insert into purse.use_figures as f (counted_at, figures)
    values (now(), v_figures)
    on conflict (is_only) do update
        set counted_at = excluded.counted_at,
            figures = excluded.figures;
    return v_figures || jsonb_build_object('at', now());
end
$$;

comment on function purse.count_use() is
'Counts what free credits cost in the last 30 days, and how old the credits left are, and keeps it. Reads every lot and order.
Returns {at, from, to, daily: [{day: of the gift, given, used: until now, expired: or given up, remain}], sources: [{source:
see purse.source_of_gift, name: of the lots, null for all that are not among the twenty that gave most; given, used, expired,
remain}], prices: what was paid for credits in the last 365 days, [{currency, decimals, orders, paid, credits, value: of the
used free credits at this price}], ages: [{after_days, to_days or null, paid, free}], credits left of lots that are so
many days old; expiring: {paid, free}, those that expire within 30 days}. Days are in UTC, amounts in minor units. Used is what
is neither left nor expired: it includes debts that a gift paid off, and what a correction took. Debts are not taken off
what is left.';
revoke all on function purse.count_use() from public, anon, authenticated, service_role;

create function public.count_use()
    returns void
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
    set statement_timeout = '60s'
as $$
begin
    perform purse.require_server();
    perform purse.count_use();
end
$$;

comment on function public.count_use() is
'Counts the figures of the desk''s page about use that are kept (purse.count_use). The daily clean-up calls it.';
revoke all on function public.count_use() from public, anon, authenticated, service_role;
grant execute on function public.count_use() to service_role;

create function public.desk_count_use(p_actor_id uuid)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
    set statement_timeout = '60s'
as $$
begin
    perform purse.require_server();
    perform purse.require_staff(p_actor_id);
    return jsonb_build_object('counted', purse.count_use());
end
$$;

comment on function public.desk_count_use(uuid) is
'Counts these figures now, for staff: {counted: as purse.count_use returns it; null if somebody else''s first count is not
over}. Raises PT403 for who is not staff.';
revoke all on function public.desk_count_use(uuid) from public, anon, authenticated, service_role;
grant execute on function public.desk_count_use(uuid) to service_role;

create function public.desk_use(p_actor_id uuid)
    returns jsonb
    language plpgsql
    stable
    security definer
    set search_path = ''
    set timezone = 'UTC'
as $$
declare
    v_from constant timestamptz := date_trunc('day', now()) - interval '29 days';
begin
    perform purse.require_server();
    perform purse.require_staff(p_actor_id);
    return (
        with newest as materialized (
            -- Ids and times have the same order but for moments, so this is the newest part of the ledger.
            select t.user_id, t.kind, t.feature, t.amount, t.quantity, t.created_at
            from public.credit_transactions t
            order by t.id desc
            limit 100000
        ),
        used as (
            select n.user_id, n.feature, n.created_at::date as day, -n.amount as credits,
                case n.kind when 'spend' then n.quantity else -n.quantity end as uses
            from newest n
            where n.kind in ('spend', 'reversal')
                and n.created_at >= v_from
        ),
        daily as (
            select u.day, u.feature, sum(u.uses)::bigint as uses, sum(u.credits)::bigint as credits
            from used u
            group by u.day, u.feature
        ),
        people as (
            select u.user_id, sum(u.uses)::bigint as uses, sum(u.credits)::bigint as credits
            from used u
            group by u.user_id
            order by credits desc, u.user_id
            limit 10
        ),
        scanned as (
            select count(*) as ledger_rows, min(n.created_at) as oldest from newest n
        )
        select jsonb_build_object(
            'from', v_from::date,
            'to', now()::date,
            'counted', (select f.figures || jsonb_build_object('at', f.counted_at) from purse.use_figures f),
            'rows', s.ledger_rows,
            'cut_at', case when s.ledger_rows = 100000 and s.oldest > v_from then s.oldest end,
            'daily', (select coalesce(jsonb_agg(to_jsonb(d) order by d.day, d.feature), '[]'::jsonb) from daily d),
            'features', (
                select coalesce(jsonb_agg(jsonb_build_object(
                    'feature', f.feature,
                    'name', coalesce((select n.name from public.credit_features n where n.id = f.feature), f.feature),
                    'uses', f.uses,
                    'credits', f.credits
                ) order by f.credits desc, f.feature), '[]'::jsonb)
                from (
                    select d.feature, sum(d.uses)::bigint as uses, sum(d.credits)::bigint as credits
                    from daily d
                    group by d.feature
                ) f
            ),
            'people', (
                select coalesce(jsonb_agg(jsonb_build_object(
                    'user_id', p.user_id,
                    'email', purse.who_is(p.user_id),
                    'uses', p.uses,
                    'credits', p.credits
                ) order by p.credits desc, p.user_id), '[]'::jsonb)
                from people p
            )
        )
        from scanned s
    );
end
$$;

comment on function public.desk_use(uuid) is
'What features were used in the last 30 days, in UTC, less what was undone, for staff. Returns {from, to, counted: as
purse.count_use returns it, or null if it was never counted; rows: how many
ledger rows were read, cut_at: the moment that they reach back to, where the newest 100,000 are younger than 30 days, else
null; daily: [{day, feature, uses, credits}], features: [{feature, name, uses, credits}], people: the ten who used most,
[{user_id, email, uses, credits}]}. Raises PT403 for who is not staff.';
revoke all on function public.desk_use(uuid) from public, anon, authenticated, service_role;
grant execute on function public.desk_use(uuid) to service_role;
