-- Endpoints of the outbox, and what is on its way to them.

create table public.outbox_endpoints (
    name    text        not null,
    types   text[],
    since   timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    constraint outbox_endpoints_pkey primary key (name),
    constraint outbox_endpoints_name_is_short check (name ~ '^[a-z0-9_]{1,40}$')
);

comment on table public.outbox_endpoints is
    'The endpoints that the deployment has configured. Their addresses and secrets are environment variables and never here.';
comment on column public.outbox_endpoints.types is 'The types of events it gets. Null: all.';
comment on column public.outbox_endpoints.since is 'When it was first seen. Older events are not sent to it, unless they are replayed.';
comment on column public.outbox_endpoints.seen_at is 'When a runner last named it. One that was not named for a day gets nothing new; its deliveries wait.';

alter table public.outbox_endpoints enable row level security;
revoke all on public.outbox_endpoints from public, anon, authenticated, service_role;
grant select on public.outbox_endpoints to service_role;

create table public.outbox_deliveries (
    endpoint     text        not null,
    event_id     bigint      not null,
    -- As in the event; the nil UUID for an event about the shop, so that those keep their order too.
    user_id      uuid        not null,
    attempts     integer     not null default 0,
    due_at       timestamptz not null default clock_timestamp(),
    begun_at     timestamptz not null default clock_timestamp(),
    delivered_at timestamptz,
    parked_at    timestamptz,
    last_outcome text,
    constraint outbox_deliveries_pkey primary key (endpoint, event_id),
    constraint outbox_deliveries_endpoint_fkey foreign key (endpoint) references public.outbox_endpoints (name),
    constraint outbox_deliveries_event_id_fkey foreign key (event_id) references public.outbox_events (id) on delete cascade,
    constraint outbox_deliveries_end_once check (delivered_at is null or parked_at is null)
);

create index outbox_deliveries_event_id_idx on public.outbox_deliveries (event_id);
-- The pending deliveries of one person, in their order.
create index outbox_deliveries_pending_idx on public.outbox_deliveries (endpoint, user_id, event_id)
    where delivered_at is null and parked_at is null;
create index outbox_deliveries_due_idx on public.outbox_deliveries (endpoint, due_at)
    where delivered_at is null and parked_at is null;
create index outbox_deliveries_parked_idx on public.outbox_deliveries (parked_at) where parked_at is not null;

comment on table public.outbox_deliveries is
    'One row per event and endpoint. Pending until it is delivered, or parked after three days of failures.';
comment on column public.outbox_deliveries.attempts is 'Failed attempts so far.';
comment on column public.outbox_deliveries.due_at is 'When to try next. While a runner sends it: when its lease ends.';
comment on column public.outbox_deliveries.begun_at is 'When it was first due. It is parked three days later.';
comment on column public.outbox_deliveries.last_outcome is 'What the last attempt ended with: an HTTP status, or a word such as timeout.';

alter table public.outbox_deliveries enable row level security;
revoke all on public.outbox_deliveries from public, anon, authenticated, service_role;
grant select on public.outbox_deliveries to service_role;

create function public.sync_outbox(
    p_endpoints           jsonb,
    p_low_balance_credits bigint default null
)
    returns void
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '150ms'
as $$
begin
    perform purse.require_server();
    -- Most calls change nothing, and lock nothing then.
    with named as (
        select n.key as name,
            case when jsonb_typeof(n.value) = 'array' then array(select jsonb_array_elements_text(n.value)) end as types
        from jsonb_each(p_endpoints) n
    )
    insert into public.outbox_endpoints as e (name, types)
    select n.name, n.types
    from named n
    left join public.outbox_endpoints known on known.name = n.name
    where known.name is null
        or known.types is distinct from n.types
        or known.seen_at < now() - interval '1 minute'
    order by n.name
    on conflict (name) do update
        set types = excluded.types,
            seen_at = now();
    update public.outbox_settings s
    set low_balance_credits = p_low_balance_credits
    where s.low_balance_credits is distinct from p_low_balance_credits;
end
$$;

comment on function public.sync_outbox(jsonb, bigint) is
'Tells the database which endpoints the deployment has configured: {name: [types of events] or null for all},
and from which balance on a balance is low. A runner calls it before it leases.';
revoke all on function public.sync_outbox(jsonb, bigint) from public, anon, authenticated, service_role;
grant execute on function public.sync_outbox(jsonb, bigint) to service_role;
