-- The log of webhook events. It is for people and dashboards: correctness does not depend on it,
-- because facts can be recorded any number of times.

create table public.stripe_events (
    id               text        not null,
    type             text        not null,
    livemode         boolean     not null,
    created_at       timestamptz not null,
    received_at      timestamptz not null default now(),
    last_received_at timestamptz not null default now(),
    deliveries       integer     not null default 1,
    outcome          text        not null,
    purchase_id      uuid,
    account          text,
    constraint stripe_events_pkey primary key (id),
    constraint stripe_events_outcome_is_known check (outcome in ('applied', 'ignored'))
);

create index stripe_events_received_at_idx on public.stripe_events (received_at desc);
create index stripe_events_purchase_id_idx on public.stripe_events (purchase_id) where purchase_id is not null;

comment on table public.stripe_events is
    'A log of the events Stripe delivered. It holds nothing of the payload: no card, no personal data.';
comment on column public.stripe_events.created_at is 'When it happened at Stripe.';
comment on column public.stripe_events.deliveries is 'How often Stripe delivered it.';
comment on column public.stripe_events.outcome is 'applied: its facts are recorded. ignored: it is not about an order of ours, or of the other mode than the ledger''s, or of a connected account.';
comment on column public.stripe_events.purchase_id is 'The order it was about. Null for a refund or dispute that came before its purchase.';

comment on column public.stripe_events.account is 'The connected account that the event is about. Its money is not ours, so the event is ignored. Null: our own account.';

alter table public.stripe_events enable row level security;
revoke all on public.stripe_events from public, anon, authenticated, service_role;
grant select on public.stripe_events to service_role;

-- Locks the event's row first, then what record_facts locks.
create function public.record_event(
    p_id       text,
    p_type     text,
    p_livemode boolean,
    p_created  bigint,
    p_facts    jsonb default null,
    p_policy   text default 'debt',
    p_account  text default null
)
    returns text
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '2s'
as $$
declare
    v_event       public.stripe_events;
    v_purchase_id uuid;
begin
    perform purse.require_server();
    -- A parallel delivery of the same event waits here until the first one's transaction ends.
    insert into public.stripe_events as e (id, type, livemode, created_at, outcome, account)
    values (p_id, p_type, p_livemode, to_timestamp(p_created), 'ignored', p_account)
    on conflict (id) do update
        set deliveries = e.deliveries + 1,
            last_received_at = now()
    returning * into v_event;
    if v_event.outcome = 'applied' then
        return 'duplicate';
    end if;

    if p_account is not null or not purse.is_of_this_mode((p_facts ->> 'livemode')::boolean) then
        p_facts := null;
    end if;
    if p_facts is not null then
        v_purchase_id := public.record_facts(p_facts, p_policy);
    end if;
    -- A refund or dispute counts as applied even if its purchase is not known yet.
    if v_purchase_id is null and not coalesce(p_facts ? 'reversal_id', false) then
        return case when v_event.deliveries > 1 then 'duplicate' else 'ignored' end;
    end if;
    update public.stripe_events
    set outcome = 'applied',
        purchase_id = v_purchase_id
    where id = p_id;
    return 'applied';
end
$$;

comment on function public.record_event(text, text, boolean, bigint, jsonb, text, text) is
'Logs an event and records its facts, in one transaction. p_created is in seconds since 1970, UTC; p_facts is
null for an event we do not use; p_account names the connected account of an event that is not about our own.
Returns applied, duplicate (its facts were applied before) or ignored. An
event that was ignored, for example by an older release, is examined again when Stripe resends it.';
revoke all on function public.record_event(text, text, boolean, bigint, jsonb, text, text)
    from public, anon, authenticated, service_role;
grant execute on function public.record_event(text, text, boolean, bigint, jsonb, text, text) to service_role;

create function public.known_events(p_ids text[])
    returns text[]
    language sql
    stable
    security definer
    set search_path = ''
as $$
    select purse.require_server();
    select coalesce(array_agg(e.id), '{}')
    from public.stripe_events e
    where e.id = any (p_ids)
$$;

comment on function public.known_events(text[]) is
'Those of the given event ids that we have received.';
revoke all on function public.known_events(text[]) from public, anon, authenticated, service_role;
grant execute on function public.known_events(text[]) to service_role;
