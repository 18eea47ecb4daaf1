-- Settlement: facts in, target minus posted out. What Stripe says about an order is merged into its
-- row by rules that do not care about order or repetition; the ledger is then moved to what those
-- facts call for. Webhook, return page and reconciliation all come through record_facts.

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
    constraint stripe_events_pkey primary key (id),
    constraint stripe_events_outcome_is_known check (outcome in ('applied', 'ignored')),
    constraint stripe_events_applied_names_its_purchase check (outcome <> 'applied' or purchase_id is not null)
);

create index stripe_events_received_at_idx on public.stripe_events (received_at desc);
create index stripe_events_purchase_id_idx on public.stripe_events (purchase_id) where purchase_id is not null;

comment on table public.stripe_events is
    'A log of the events Stripe delivered, for people and dashboards. Nothing of the payload: no card, no personal data. Correctness never rests on it.';
comment on column public.stripe_events.created_at is 'When it happened at Stripe.';
comment on column public.stripe_events.deliveries is 'How often Stripe delivered it.';
comment on column public.stripe_events.outcome is 'applied: its facts are in purchases. ignored: not about an order of ours.';

alter table public.stripe_events enable row level security;

revoke all on public.stripe_events from public, anon, authenticated, service_role;
grant select on public.stripe_events to service_role;

-- What the ledger should hold for a purchase, from its facts alone.
create function public.purchase_target(p_purchase public.purchases)
    returns bigint
    language sql
    immutable
    set search_path = ''
as $$
    select case when p_purchase.paid_at is not null then p_purchase.credits else 0 end
$$;

comment on function public.purchase_target(public.purchases) is
    'Credits the ledger should hold for this purchase: a pure function of its facts.';
revoke all on function public.purchase_target(public.purchases) from public, anon, authenticated, service_role;

-- record_facts(facts) -> the purchase's id, or null for an order that is neither known here nor ours
-- facts: {order_id, is_ours, user_id, package_id, package_name, credits, unit_amount, currency, livemode,
--         checkout_session_id?, payment_intent_id?, customer_id?, state, amount_paid?, decline_code?, occurred_at}
--   state is open | processing | paid | failed | expired; occurred_at in seconds since 1970, UTC.
-- Every column is merged by a rule that is commutative and idempotent (the least value told, the
-- earliest time, the latest decline), so any history in any order ends in the same row. An order we do
-- not know is made from the facts, which our own server wrote into Stripe's metadata; that it was ours
-- is_ours says, since several deployments may share a Stripe account.
-- Locks: the order and its purchase, then the user (post_transaction). Raises PT422 without a state or a time,
-- not_null_violation without what an order consists of, PT409 if the order is another user's.
create function public.record_facts(p_facts jsonb)
    returns uuid
    language plpgsql
    security definer
    set search_path = ''
as $$
declare
    v_at       timestamptz := to_timestamp((p_facts ->> 'occurred_at')::bigint);
    v_state    text        := p_facts ->> 'state';
    v_purchase public.purchases;
    v_owed     bigint;
begin
    if v_at is null or v_state is null or v_state not in ('open', 'processing', 'paid', 'failed', 'expired') then
        raise exception using errcode = 'PT422', message = 'facts without a known state or a time';
    end if;

    -- Two first facts about an order at once: the second waits for the first one's row.
    perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('order:' || (p_facts ->> 'order_id'), 0));
    if not coalesce((p_facts ->> 'is_ours')::boolean, false)
        and not exists (select from public.purchases p where p.id = (p_facts ->> 'order_id')::uuid) then
        return null;
    end if;

    insert into public.purchases as p (
        id, user_id, package_id, package_name, credits, unit_amount, currency, livemode, created_at,
        checkout_session_id, payment_intent_id, customer_id, amount_paid,
        processing_at, paid_at, failed_at, expired_at, declined_at, decline_code
    )
    values (
        (p_facts ->> 'order_id')::uuid,
        (p_facts ->> 'user_id')::uuid,
        p_facts ->> 'package_id',
        p_facts ->> 'package_name',
        (p_facts ->> 'credits')::bigint,
        (p_facts ->> 'unit_amount')::bigint,
        p_facts ->> 'currency',
        (p_facts ->> 'livemode')::boolean,
        v_at,
        p_facts ->> 'checkout_session_id',
        p_facts ->> 'payment_intent_id',
        p_facts ->> 'customer_id',
        case when v_state = 'paid' then (p_facts ->> 'amount_paid')::bigint end,
        case when v_state = 'processing' then v_at end,
        case when v_state = 'paid' then v_at end,
        case when v_state = 'failed' then v_at end,
        case when v_state = 'expired' then v_at end,
        case when p_facts ->> 'decline_code' is not null then v_at end,
        p_facts ->> 'decline_code'
    )
    on conflict (id) do update set
        checkout_session_id = least(p.checkout_session_id, excluded.checkout_session_id),
        payment_intent_id = least(p.payment_intent_id, excluded.payment_intent_id),
        customer_id = least(p.customer_id, excluded.customer_id),
        amount_paid = least(p.amount_paid, excluded.amount_paid),
        processing_at = least(p.processing_at, excluded.processing_at),
        paid_at = least(p.paid_at, excluded.paid_at),
        failed_at = least(p.failed_at, excluded.failed_at),
        expired_at = least(p.expired_at, excluded.expired_at),
        declined_at = greatest(p.declined_at, excluded.declined_at),
        decline_code = case
            when excluded.declined_at is null then p.decline_code
            when p.declined_at is null then excluded.decline_code
            when (excluded.declined_at, excluded.decline_code) > (p.declined_at, p.decline_code) then excluded.decline_code
            else p.decline_code
        end
    where p.user_id = excluded.user_id
    returning p.* into v_purchase;
    if not found then
        raise exception using errcode = 'PT409', message = 'the order belongs to another user';
    end if;

    v_owed := public.purchase_target(v_purchase) - v_purchase.credits_posted;
    if v_owed <> 0 then
        update public.purchases
        set credits_posted = credits_posted + v_owed
        where id = v_purchase.id;
        perform public.post_transaction(
            v_purchase.user_id,
            case when v_owed > 0 then 'purchase' else 'clawback' end,
            v_owed,
            v_purchase.id
        );
    end if;
    return v_purchase.id;
end
$$;

comment on function public.record_facts(jsonb) is
    'Merges what Stripe says about an order and moves the ledger to what follows from it. Safe to call with the same facts any number of times, in any order.';
revoke all on function public.record_facts(jsonb) from public, anon, authenticated, service_role;
grant execute on function public.record_facts(jsonb) to service_role;

-- record_event(event id, type, live or test, created in seconds since 1970 UTC, facts or null)
--   -> 'applied' | 'duplicate' | 'ignored'
-- The log row and the facts in one transaction. An event whose facts were applied is a duplicate; one
-- that was ignored, perhaps by an older release, is looked at again when it is resent.
create function public.record_event(
    p_id       text,
    p_type     text,
    p_livemode boolean,
    p_created  bigint,
    p_facts    jsonb default null
)
    returns text
    language plpgsql
    security definer
    set search_path = ''
as $$
declare
    v_event       public.stripe_events;
    v_purchase_id uuid;
begin
    -- A second delivery at the same moment waits here for the first one's transaction.
    insert into public.stripe_events as e (id, type, livemode, created_at, outcome)
    values (p_id, p_type, p_livemode, to_timestamp(p_created), 'ignored')
    on conflict (id) do update
        set deliveries = e.deliveries + 1,
            last_received_at = now()
    returning * into v_event;
    if v_event.outcome = 'applied' then
        return 'duplicate';
    end if;

    if p_facts is not null then
        v_purchase_id := public.record_facts(p_facts);
    end if;
    if v_purchase_id is null then
        return case when v_event.deliveries > 1 then 'duplicate' else 'ignored' end;
    end if;
    update public.stripe_events
    set outcome = 'applied',
        purchase_id = v_purchase_id
    where id = p_id;
    return 'applied';
end
$$;

comment on function public.record_event(text, text, boolean, bigint, jsonb) is
    'Logs an event of Stripe''s and applies its facts, in one transaction and one round trip.';
revoke all on function public.record_event(text, text, boolean, bigint, jsonb) from public, anon, authenticated, service_role;
grant execute on function public.record_event(text, text, boolean, bigint, jsonb) to service_role;
