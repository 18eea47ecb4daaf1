-- Delivery of the outbox. Any number of runners may drain it at the same time. A runner leases
-- deliveries, sends them, and reports each outcome. A lease that nobody reports ends by itself, and the
-- deliveries are sent again: at least once, never lost.

create function purse.fan_out(p_limit integer)
    returns integer
    language plpgsql
    set search_path = ''
as $$
declare
    v_events integer;
begin
    -- One runner at a time, so that the deliveries of a person appear in the order of their events.
    if not pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('outbox', 0)) then
        return 0;
    end if;
    with events as (
        select e.id, e.type, e.user_id, e.occurred_at
        from public.outbox_events e
        where not e.is_fanned_out
        order by e.id
        limit p_limit
        for update skip locked
    ),
    deliveries as (
        insert into public.outbox_deliveries (endpoint, event_id, user_id)
        select n.name, e.id, coalesce(e.user_id, '00000000-0000-0000-0000-000000000000')
        from events e
        join public.outbox_endpoints n
            on n.seen_at > now() - interval '1 day'
            and n.since <= e.occurred_at + interval '1 day'
            and (n.types is null or e.type = any (n.types))
        on conflict (endpoint, event_id) do nothing
    )
    update public.outbox_events e
    set is_fanned_out = true
    from events
    where e.id = events.id;
    get diagnostics v_events = row_count;
    return v_events;
end
$$;

comment on function purse.fan_out(integer) is
'Makes the deliveries of up to p_limit events, one for each endpoint in use that wants their type. An endpoint that
was configured after an event gets it if it is at most a day older. Returns how many events it took; 0 also while
another runner does the same.';
revoke all on function purse.fan_out(integer) from public, anon, authenticated, service_role;

create function public.lease_deliveries(
    p_endpoints text[],
    p_limit     integer,
    p_seconds   integer
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
declare
    v_leased jsonb;
begin
    perform purse.require_server();
    if p_limit is null or p_limit not between 1 and 500 or p_seconds is null or p_seconds not between 1 and 900 then
        raise exception using errcode = 'PT422', message = 'lease 1 to 500 deliveries for 1 to 900 seconds';
    end if;
    -- Many events may be wanted by nobody: a call goes past them, within bounds.
    for v_round in 1..20 loop
        exit when purse.fan_out(1000) < 1000;
    end loop;
    with heads as (
        -- The first pending delivery of each person at an endpoint. Whoever wants to send anything of this
        -- person to this endpoint needs this row, so two runners never send for one person at once.
        select h.endpoint, h.user_id, h.event_id
        from unnest(p_endpoints) n (name)
        cross join lateral (
            select d.endpoint, d.user_id, d.event_id
            from public.outbox_deliveries d
            where d.endpoint = n.name
                and d.delivered_at is null
                and d.parked_at is null
                and d.due_at <= clock_timestamp()
                and not exists (
                    select from public.outbox_deliveries earlier
                    where earlier.endpoint = d.endpoint
                        and earlier.user_id = d.user_id
                        and earlier.event_id < d.event_id
                        and earlier.delivered_at is null
                        and earlier.parked_at is null
                )
            order by d.due_at
            limit p_limit
            for update skip locked
        ) h
    ),
    following as (
        select f.endpoint, f.event_id
        from heads h
        cross join lateral (
            select d.endpoint, d.event_id
            from public.outbox_deliveries d
            where d.endpoint = h.endpoint
                and d.user_id = h.user_id
                and d.event_id >= h.event_id
                and d.delivered_at is null
                and d.parked_at is null
            order by d.event_id
            limit 20
        ) f
        -- Endpoints take turns, so that one with much to send leaves room for the others.
        order by row_number() over (partition by f.endpoint order by f.event_id)
        limit p_limit
    ),
    leased as (
        update public.outbox_deliveries d
        set due_at = clock_timestamp() + make_interval(secs => p_seconds)
        from following f
        where d.endpoint = f.endpoint
            and d.event_id = f.event_id
            and d.delivered_at is null
            and d.parked_at is null
        returning d.endpoint, d.event_id, d.user_id, d.attempts, d.due_at
    )
    select jsonb_agg(jsonb_build_object(
        'endpoint', l.endpoint,
        'event_id', l.event_id::text,
        'user_id', e.user_id,
        'attempts', l.attempts,
        'lease', l.due_at::text,
        'id', 'evt_' || replace(e.message_id::text, '-', ''),
        'type', e.type,
        'timestamp', purse.utc_text(e.occurred_at),
        'data', e.data
    ) order by l.endpoint, l.user_id, l.event_id) into v_leased
    from leased l
    join public.outbox_events e on e.id = l.event_id;
    return coalesce(v_leased, '[]'::jsonb);
end
$$;

comment on function public.lease_deliveries(text[], integer, integer) is
'Leases up to p_limit due deliveries to these endpoints for p_seconds: [{endpoint, event_id, user_id or null,
attempts, lease, id (the webhook-id), type, timestamp (UTC), data}], in order for each endpoint and person. Send
those of one endpoint and person one after the other, and stop at the first that fails: the rest must wait
for it. Report with settle_deliveries. Raises PT422 for bounds out of range.';
revoke all on function public.lease_deliveries(text[], integer, integer) from public, anon, authenticated, service_role;
grant execute on function public.lease_deliveries(text[], integer, integer) to service_role;

create function purse.retry_after(p_attempts integer)
    returns interval
    language sql
    immutable
    set search_path = ''
as $$
    select case
        when p_attempts <= 1 then interval '5 seconds'
        when p_attempts = 2 then interval '1 minute'
        when p_attempts = 3 then interval '5 minutes'
        when p_attempts = 4 then interval '30 minutes'
        when p_attempts = 5 then interval '2 hours'
        else interval '6 hours'
    end
$$;

comment on function purse.retry_after(integer) is 'How long to wait after so many failed attempts.';
revoke all on function purse.retry_after(integer) from public, anon, authenticated, service_role;

create function public.settle_deliveries(p_results jsonb)
    returns integer
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
declare
    v_settled integer;
    v_waiting jsonb;
begin
    perform purse.require_server();
    if p_results is null or jsonb_typeof(p_results) <> 'array' or jsonb_array_length(p_results) > 500 then
        raise exception using errcode = 'PT422', message = 'results are an array of at most 500';
    end if;
    with results as (
        select r.endpoint, r.event_id, r.lease, r.result, left(r.outcome, 60) as outcome, r.retry_seconds
        from jsonb_to_recordset(p_results)
            r (endpoint text, event_id bigint, lease timestamptz, result text, outcome text, retry_seconds integer)
    ),
    pending as (
        select d.endpoint, d.event_id, r.result, r.outcome, r.retry_seconds
        from results r
        join public.outbox_deliveries d on d.endpoint = r.endpoint and d.event_id = r.event_id
        where d.delivered_at is null
            and d.parked_at is null
            -- After its lease has ended, somebody else may be sending: then only an end counts.
            and (r.result in ('delivered', 'given_up') or d.due_at = r.lease)
        order by d.endpoint, d.event_id
        for update of d
    ),
    settled as (
        update public.outbox_deliveries d
        set delivered_at = case when p.result = 'delivered' then clock_timestamp() end,
            parked_at = case
                when p.result = 'failed' and d.begun_at < clock_timestamp() - interval '3 days' then clock_timestamp()
                when p.result = 'given_up' then clock_timestamp()
            end,
            attempts = d.attempts + (p.result = 'failed')::integer,
            due_at = case
                when p.result = 'failed' then clock_timestamp() + greatest(
                    purse.retry_after(d.attempts + 1),
                    make_interval(secs => least(coalesce(p.retry_seconds, 0), 21600))
                )
                when p.result = 'not_tried' then clock_timestamp()
                else d.due_at
            end,
            last_outcome = case when p.result = 'not_tried' then d.last_outcome else p.outcome end
        from pending p
        where d.endpoint = p.endpoint
            and d.event_id = p.event_id
        returning d.endpoint, d.event_id, d.user_id, d.due_at, p.result = 'failed' and d.parked_at is null as waits
    )
    select count(*), jsonb_agg(jsonb_build_object(
        'endpoint', s.endpoint, 'event_id', s.event_id, 'user_id', s.user_id, 'due_at', s.due_at
    )) filter (where s.waits)
    into v_settled, v_waiting
    from settled s;
    -- What waits behind a delivery that failed is due with it, and not before: runners need not look at it.
    update public.outbox_deliveries d
    set due_at = w.due_at
    from jsonb_to_recordset(v_waiting) w (endpoint text, event_id bigint, user_id uuid, due_at timestamptz)
    where d.endpoint = w.endpoint
        and d.user_id = w.user_id
        and d.event_id > w.event_id
        and d.delivered_at is null
        and d.parked_at is null;
    return v_settled;
end
$$;

comment on function public.settle_deliveries(jsonb) is
'Reports what became of leased deliveries: [{endpoint, event_id, lease, result, outcome, retry_seconds?}] with result
delivered, failed (tried again later; parked after three days), given_up (parked at once: the receiver says it
is gone) or not_tried (due again now, behind an earlier one). A delivery that has ended stays as it is. A delivered
one stays delivered, whoever reports first. Returns how many were pending. Raises PT422 for more than 500.';
revoke all on function public.settle_deliveries(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.settle_deliveries(jsonb) to service_role;
