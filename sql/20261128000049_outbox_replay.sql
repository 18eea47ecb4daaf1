-- For a person who looks after the outbox: send events again, see what waits.

create function public.replay_events(
    p_endpoint text,
    p_ids      text[]      default null,
    p_since    timestamptz default null,
    p_from     bigint      default null,
    p_limit    integer     default 10000
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
declare
    v_answer jsonb;
begin
    perform purse.require_server();
    if p_limit is null or p_limit not between 1 and 10000 then
        raise exception using errcode = 'PT422', message = 'replay 1 to 10000 events at a time';
    end if;
    if not exists (select from public.outbox_endpoints e where e.name = p_endpoint) then
        raise exception using errcode = 'PT404', message = 'no such endpoint';
    end if;
    if (p_ids is null) = (p_since is null) then
        raise exception using errcode = 'PT422', message = 'replay by ids or since a time';
    end if;
    with wanted as (
        select e.id, e.user_id, row_number() over (order by e.id) as place
        from public.outbox_events e
        join public.outbox_endpoints n
            on n.name = p_endpoint
            and (n.types is null or e.type = any (n.types))
        where (e.occurred_at >= p_since or 'evt_' || replace(e.message_id::text, '-', '') = any (p_ids))
            and (p_from is null or e.id >= p_from)
    ),
    replayed as (
        insert into public.outbox_deliveries as d (endpoint, event_id, user_id)
        select p_endpoint, w.id, coalesce(w.user_id, '00000000-0000-0000-0000-000000000000')
        from wanted w
        where w.place <= p_limit
        order by w.id
        on conflict (endpoint, event_id) do update
            set delivered_at = null,
                parked_at = null,
                attempts = 0,
                due_at = clock_timestamp(),
                begun_at = clock_timestamp()
        returning d.event_id
    )
    select jsonb_build_object(
        'replayed', (select count(*) from replayed),
        'left', count(*),
        'next', min(w.id)::text
    ) into v_answer
    from wanted w
    where w.place > p_limit;
    return v_answer;
end
$$;

comment on function public.replay_events(text, text[], timestamptz, bigint, integer) is
'Sends events to an endpoint again: those with these webhook-ids, or those that occurred since a time; parked
ones too. A call takes p_limit events, 10000 at most, in the order of their ids.
Returns {replayed, left: how many follow, next: p_from of the call that goes on, or null if none is left}.
Raises PT404 for an unknown endpoint, PT422 unless exactly one of both is given, or for a limit out of range.';
revoke all on function public.replay_events(text, text[], timestamptz, bigint, integer)
    from public, anon, authenticated, service_role;
grant execute on function public.replay_events(text, text[], timestamptz, bigint, integer) to service_role;

create function public.outbox_status()
    returns jsonb
    language sql
    stable
    security definer
    set search_path = ''
as $$
    select purse.require_server();
    select jsonb_build_object(
        'waiting', (select count(*) from public.outbox_events e where not e.is_fanned_out),
        'endpoints', (
            select coalesce(jsonb_agg(jsonb_build_object(
                'name', n.name,
                'active', n.seen_at > now() - interval '1 day',
                'pending', pending.count,
                'parked', (
                    select count(*)
                    from public.outbox_deliveries d
                    where d.parked_at is not null
                        and d.endpoint = n.name
                ),
                'oldest', pending.oldest,
                'last_outcome', pending.last_outcome
            ) order by n.name), '[]'::jsonb)
            from public.outbox_endpoints n
            cross join lateral (
                select count(*) as count, min(d.begun_at) as oldest, 
                    (array_agg(d.last_outcome order by d.begun_at, d.event_id))[1] as last_outcome
                from public.outbox_deliveries d
                where d.endpoint = n.name
                    and d.delivered_at is null
                    and d.parked_at is null
            ) pending
        )
    )
$$;

comment on function public.outbox_status() is
'What waits in the outbox: {waiting: events without deliveries yet, endpoints: [{name, active, pending, parked,
oldest, last_outcome: of the oldest}]}.';
revoke all on function public.outbox_status() from public, anon, authenticated, service_role;
grant execute on function public.outbox_status() to service_role;
