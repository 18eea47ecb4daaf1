-- The desk's page about use.

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
'What features were used in the last 30 days, in UTC, less what was undone, for staff. Returns {from, to, rows: how many
ledger rows were read, cut_at: the moment that they reach back to, where the newest 100,000 are younger than 30 days, else
null; daily: [{day, feature, uses, credits}], features: [{feature, name, uses, credits}], people: the ten who used most,
[{user_id, email, uses, credits}]}. Raises PT403 for who is not staff.';
revoke all on function public.desk_use(uuid) from public, anon, authenticated, service_role;
grant execute on function public.desk_use(uuid) to service_role;
