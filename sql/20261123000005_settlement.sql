-- Settlement: facts in, target minus posted out. What Stripe says about an order is merged into its
-- row by rules that do not care about order or repetition; the ledger is then moved to what those
-- facts call for. Webhook, return page and reconciliation all come through record_facts.

create table public.purchase_reversals (
    id                text        not null,
    kind              text        not null,
    payment_intent_id text        not null,
    amount            bigint      not null,
    currency          text        not null,
    status            text        not null,
    rank              integer     not null,
    stands            boolean     not null,
    livemode          boolean     not null,
    occurred_at       timestamptz not null,
    received_at       timestamptz not null default now(),
    constraint purchase_reversals_pkey primary key (id),
    constraint purchase_reversals_kind_is_known check (kind in ('refund', 'dispute')),
    constraint purchase_reversals_amount_is_not_negative check (amount >= 0)
);

create index purchase_reversals_payment_intent_id_idx on public.purchase_reversals (payment_intent_id);

comment on table public.purchase_reversals is
    'Money that went back: one row a refund or dispute of Stripe''s. Kept also while its purchase is not known, and counted once it is.';
comment on column public.purchase_reversals.payment_intent_id is 'What it reverses: the purchase with this payment intent.';
comment on column public.purchase_reversals.amount is 'In minor units of the payment''s currency.';
comment on column public.purchase_reversals.status is 'Stripe''s word for it.';
comment on column public.purchase_reversals.rank is 'How far it has come. A later word has a higher rank, and a lower one never replaces it, in whatever order they arrive.';
comment on column public.purchase_reversals.stands is 'Whether the money is gone as far as we know: a pending refund counts, a failed one does not; an inquiry does not.';

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
    constraint stripe_events_outcome_is_known check (outcome in ('applied', 'ignored'))
);

create index stripe_events_received_at_idx on public.stripe_events (received_at desc);
create index stripe_events_purchase_id_idx on public.stripe_events (purchase_id) where purchase_id is not null;

comment on table public.stripe_events is
    'A log of the events Stripe delivered, for people and dashboards. Nothing of the payload: no card, no personal data. Correctness never rests on it.';
comment on column public.stripe_events.created_at is 'When it happened at Stripe.';
comment on column public.stripe_events.deliveries is 'How often Stripe delivered it.';
comment on column public.stripe_events.outcome is 'applied: its facts are recorded. ignored: not about an order of ours.';
comment on column public.stripe_events.purchase_id is 'The order it was about. Null for a refund or dispute that came before its purchase.';

alter table public.purchase_reversals enable row level security;
alter table public.stripe_events enable row level security;

revoke all on public.purchase_reversals, public.stripe_events from public, anon, authenticated, service_role;
grant select on public.purchase_reversals, public.stripe_events to service_role;

-- Minor units of a purchase's payment that went back: all that stands, and never more than was paid.
create function public.purchase_withdrawn(p_purchase public.purchases)
    returns bigint
    language sql
    stable
    set search_path = ''
as $$
    select least(coalesce(p_purchase.amount_paid, 0), coalesce(sum(r.amount), 0))::bigint
    from public.purchase_reversals r
    where r.payment_intent_id = p_purchase.payment_intent_id
        and r.stands
$$;

comment on function public.purchase_withdrawn(public.purchases) is
    'Minor units of a purchase''s payment that went back, at most what was paid.';
revoke all on function public.purchase_withdrawn(public.purchases) from public, anon, authenticated, service_role;

-- What the ledger should hold for a purchase: nothing unless paid as ordered, else its credits less
-- the share of the payment that went back, rounded once and against the buyer: ceil(credits × share).
create function public.purchase_target(p_purchase public.purchases)
    returns bigint
    language sql
    stable
    set search_path = ''
as $$
    select case
        when p_purchase.status <> 'paid' then 0
        when p_purchase.amount_paid = 0 then p_purchase.credits
        else p_purchase.credits
            - ceil(p_purchase.credits::numeric * public.purchase_withdrawn(p_purchase) / p_purchase.amount_paid)::bigint
    end
$$;

comment on function public.purchase_target(public.purchases) is
    'Credits the ledger should hold for this purchase: a function of its facts alone.';
revoke all on function public.purchase_target(public.purchases) from public, anon, authenticated, service_role;

-- purchase_lot(purchase) -> its lot, made when the purchase is first paid; null before. The day it expires follows
-- the earliest time of payment we were told. The caller holds the purchase's row and the user's.
create function public.purchase_lot(p_purchase public.purchases)
    returns public.credit_lots
    language plpgsql
    set search_path = ''
as $$
declare
    v_expires_at timestamptz := p_purchase.paid_at + make_interval(days => p_purchase.valid_days);
    v_lot        public.credit_lots;
begin
    if p_purchase.paid_at is null then
        return null;
    end if;
    insert into public.credit_lots as l (user_id, source, name, purchase_id, granted, expires_at)
    values (p_purchase.user_id, 'purchase', p_purchase.package_name, p_purchase.id, p_purchase.credits, v_expires_at)
    on conflict (purchase_id) do update
        set expires_at = excluded.expires_at
        where l.expires_at is distinct from excluded.expires_at;
    select * into strict v_lot from public.credit_lots l where l.purchase_id = p_purchase.id;
    update public.user_credits u
    set lapses_at = least(u.lapses_at, v_expires_at)
    where u.user_id = p_purchase.user_id
        and v_expires_at < coalesce(u.lapses_at, 'infinity');
    return v_lot;
end
$$;

comment on function public.purchase_lot(public.purchases) is 'The lot of a purchase, made when it is first paid. Granted to nobody.';
revoke all on function public.purchase_lot(public.purchases) from public, anon, authenticated, service_role;

-- settle_purchase(purchase, policy) moves the ledger from what is posted to the target.
-- Locks: the purchase, then the user (open_account). Credits that come back to a purchase fill its lot;
-- credits that are taken back drain it, those that lapsed meanwhile before any other. Under the policy
-- clamp it takes no more than the user can spend; the rest is forgiven for good, so that settling again
-- never takes it after all, and what comes back later first undoes the forgiving. For our own functions
-- only.
create function public.settle_purchase(
    p_purchase_id uuid,
    p_policy      text
)
    returns void
    language plpgsql
    set search_path = ''
as $$
declare
    v_purchase public.purchases;
    v_account  public.user_credits;
    v_lot      public.credit_lots;
    v_owed     bigint;
    v_forgiven bigint;
    v_revived  bigint;
    v_is_first boolean;
begin
    select * into strict v_purchase from public.purchases p where p.id = p_purchase_id for update;
    v_forgiven := v_purchase.credits_forgiven;
    v_owed := public.purchase_target(v_purchase) - (v_purchase.credits_posted - v_forgiven);
    if v_owed = 0 and (v_purchase.valid_days is null or v_purchase.status <> 'paid') then
        return;
    end if;
    v_account := public.open_account(v_purchase.user_id);
    v_lot := public.purchase_lot(v_purchase);
    if v_owed = 0 then
        return;
    end if;

    if v_owed > 0 then
        v_forgiven := greatest(v_forgiven - v_owed, 0);
        v_owed := v_owed - (v_purchase.credits_forgiven - v_forgiven);
    else
        v_revived := least(v_lot.lapsed, -v_owed);
        if p_policy = 'clamp' then
            v_forgiven := v_forgiven
                + greatest(-v_owed - v_revived - greatest(v_account.balance - v_account.held, 0), 0);
            v_owed := v_owed + (v_forgiven - v_purchase.credits_forgiven);
        end if;
    end if;

    update public.purchases
    set credits_posted = credits_posted + v_owed,
        credits_forgiven = v_forgiven
    where id = v_purchase.id;

    if v_owed > 0 then
        v_is_first := v_purchase.credits_posted = 0 and not exists (
            select from public.credit_transactions t where t.purchase_id = v_purchase.id
        );
        perform public.post_transaction(
            v_purchase.user_id,
            case when v_is_first then 'purchase' else 'giveback' end,
            v_owed,
            public.lots_to_fill(v_purchase.user_id, v_lot.id, v_owed, v_purchase.id),
            v_purchase.id
        );
    elsif v_owed < 0 then
        if v_revived > 0 then
            -- Whose credits lapsed and whose money then goes back owes nothing for them.
            update public.credit_lots l set lapsed = l.lapsed - v_revived where l.id = v_lot.id;
            perform public.post_transaction(
                v_purchase.user_id, 'expiry_reversal', v_revived, jsonb_build_object(v_lot.id, v_revived), v_purchase.id
            );
        end if;
        perform public.post_transaction(
            v_purchase.user_id,
            'clawback',
            v_owed,
            public.lots_to_drain(v_purchase.user_id, v_lot.id, -v_owed),
            v_purchase.id
        );
    end if;
end
$$;

comment on function public.settle_purchase(uuid, text) is
    'Moves the ledger to what a purchase''s facts call for: target minus posted. Granted to nobody.';
revoke all on function public.settle_purchase(uuid, text) from public, anon, authenticated, service_role;

-- A payment's reversals and its purchase may arrive at the same moment from two sides, each unable to
-- see the other's row. Whoever records a fact about a payment takes this lock first, so that one of
-- them comes second and sees both.
create function public.lock_payment(p_payment_intent_id text)
    returns void
    language sql
    set search_path = ''
as $$
    select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('payment:' || p_payment_intent_id, 0))
$$;

comment on function public.lock_payment(text) is 'Serialises facts about one payment. Granted to nobody.';
revoke all on function public.lock_payment(text) from public, anon, authenticated, service_role;

-- Two first facts about an order at once: the second waits for the first one's row. Whoever takes this
-- lock and lock_payment's takes this one first.
create function public.lock_order(p_order_id text)
    returns void
    language sql
    set search_path = ''
as $$
    select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('order:' || p_order_id, 0))
$$;

comment on function public.lock_order(text) is 'Serialises facts about one order. Granted to nobody.';
revoke all on function public.lock_order(text) from public, anon, authenticated, service_role;

-- record_order(facts, policy) -> the purchase's id. See record_facts.
create function public.record_order(
    p_facts  jsonb,
    p_policy text
)
    returns uuid
    language plpgsql
    set search_path = ''
as $$
declare
    v_at          timestamptz := to_timestamp((p_facts ->> 'occurred_at')::bigint);
    v_state       text        := p_facts ->> 'state';
    v_purchase_id uuid;
begin
    if v_at is null or v_state is null or v_state not in ('open', 'processing', 'paid', 'failed', 'expired') then
        raise exception using errcode = 'PT422', message = 'facts without a known state or a time';
    end if;
    perform public.lock_order(p_facts ->> 'order_id');
    if not coalesce((p_facts ->> 'is_ours')::boolean, false)
        and not exists (select from public.purchases p where p.id = (p_facts ->> 'order_id')::uuid) then
        return null;
    end if;
    perform public.lock_payment(p_facts ->> 'payment_intent_id');

    insert into public.purchases as p (
        id, user_id, package_id, package_name, credits, unit_amount, currency, valid_days, livemode, created_at,
        checkout_session_id, payment_intent_id, customer_id, amount_subtotal, amount_paid, currency_paid,
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
        (p_facts ->> 'valid_days')::integer,
        (p_facts ->> 'livemode')::boolean,
        v_at,
        p_facts ->> 'checkout_session_id',
        p_facts ->> 'payment_intent_id',
        p_facts ->> 'customer_id',
        case when v_state = 'paid' then (p_facts ->> 'amount_subtotal')::bigint end,
        case when v_state = 'paid' then (p_facts ->> 'amount_paid')::bigint end,
        case when v_state = 'paid' then p_facts ->> 'currency_paid' end,
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
        amount_subtotal = least(p.amount_subtotal, excluded.amount_subtotal),
        amount_paid = least(p.amount_paid, excluded.amount_paid),
        currency_paid = least(p.currency_paid, excluded.currency_paid),
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
    returning p.id into v_purchase_id;
    if not found then
        raise exception using errcode = 'PT409', message = 'the order belongs to another user';
    end if;

    perform public.settle_purchase(v_purchase_id, p_policy);
    return v_purchase_id;
end
$$;

comment on function public.record_order(jsonb, text) is 'The part of record_facts about an order and its payment. Granted to nobody.';
revoke all on function public.record_order(jsonb, text) from public, anon, authenticated, service_role;

-- record_reversal(facts, policy) -> the purchase's id, or null while it is not known. See record_facts.
create function public.record_reversal(
    p_facts  jsonb,
    p_policy text
)
    returns uuid
    language plpgsql
    set search_path = ''
as $$
declare
    v_purchase_id uuid;
begin
    perform public.lock_payment(p_facts ->> 'payment_intent_id');

    insert into public.purchase_reversals as r (
        id, kind, payment_intent_id, amount, currency, status, rank, stands, livemode, occurred_at
    )
    values (
        p_facts ->> 'reversal_id',
        p_facts ->> 'kind',
        p_facts ->> 'payment_intent_id',
        (p_facts ->> 'amount')::bigint,
        p_facts ->> 'currency',
        p_facts ->> 'status',
        (p_facts ->> 'rank')::integer,
        (p_facts ->> 'stands')::boolean,
        (p_facts ->> 'livemode')::boolean,
        to_timestamp((p_facts ->> 'occurred_at')::bigint)
    )
    on conflict (id) do update set
        amount = excluded.amount,
        status = excluded.status,
        rank = excluded.rank,
        stands = excluded.stands,
        occurred_at = excluded.occurred_at
    -- Of equal rank the words differ in nothing that counts; the greater one is kept, so that order
    -- does not show even there.
    where (excluded.rank, excluded.status, excluded.amount, excluded.occurred_at)
        > (r.rank, r.status, r.amount, r.occurred_at);

    select p.id into v_purchase_id
    from public.purchases p
    where p.payment_intent_id = p_facts ->> 'payment_intent_id';
    if v_purchase_id is not null then
        perform public.settle_purchase(v_purchase_id, p_policy);
    end if;
    return v_purchase_id;
end
$$;

comment on function public.record_reversal(jsonb, text) is 'The part of record_facts about a refund or dispute. Granted to nobody.';
revoke all on function public.record_reversal(jsonb, text) from public, anon, authenticated, service_role;

-- record_facts(facts, policy) -> the purchase's id; null for a reversal that came before its purchase, and
--   for an order that is neither known here nor ours
-- facts, of an order:
--   {order_id, is_ours, user_id, package_id, package_name, credits, unit_amount, currency, valid_days?, livemode, occurred_at,
--    state, checkout_session_id?, payment_intent_id?, customer_id?, amount_subtotal?, amount_paid?, currency_paid?, decline_code?}
--   state is open | processing | paid | failed | expired; occurred_at in seconds since 1970, UTC.
-- facts, of a refund or dispute:
--   {reversal_id, kind, payment_intent_id, amount, currency, status, rank, stands, livemode, occurred_at}
-- policy is debt (a clawback may leave a negative balance) or clamp (it stops at zero).
-- Every column is merged by a rule that is commutative and idempotent (the least value told, the
-- earliest time, the latest decline, the highest rank), so any history in any order ends in the same
-- rows. An order we do not know is made from the facts, which our own server wrote into Stripe's metadata;
-- that it was ours is_ours says, since several deployments may share a Stripe account.
-- Locks: the order, the payment, the purchase, the user, in that order everywhere. Raises PT422 without a state or a
-- time, not_null_violation without what a fact consists of, PT409 if the order is another user's.
create function public.record_facts(
    p_facts  jsonb,
    p_policy text default 'debt'
)
    returns uuid
    language sql
    security definer
    set search_path = ''
as $$
    select case
        when p_facts ? 'reversal_id' then public.record_reversal(p_facts, p_policy)
        else public.record_order(p_facts, p_policy)
    end
$$;

comment on function public.record_facts(jsonb, text) is
    'Merges what Stripe says about an order, refund or dispute and moves the ledger to what follows from it. Safe to call with the same facts any number of times, in any order.';
revoke all on function public.record_facts(jsonb, text) from public, anon, authenticated, service_role;
grant execute on function public.record_facts(jsonb, text) to service_role;

-- record_event(event id, type, live or test, created in seconds since 1970 UTC, facts or null, policy)
--   -> 'applied' | 'duplicate' | 'ignored'
-- The log row and the facts in one transaction. An event whose facts were applied is a duplicate; one
-- that was ignored, perhaps by an older release, is looked at again when it is resent.
create function public.record_event(
    p_id       text,
    p_type     text,
    p_livemode boolean,
    p_created  bigint,
    p_facts    jsonb default null,
    p_policy   text default 'debt'
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
        v_purchase_id := public.record_facts(p_facts, p_policy);
    end if;
    -- A refund or dispute is recorded also before its purchase.
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

comment on function public.record_event(text, text, boolean, bigint, jsonb, text) is
    'Logs an event of Stripe''s and applies its facts, in one transaction and one round trip.';
revoke all on function public.record_event(text, text, boolean, bigint, jsonb, text) from public, anon, authenticated, service_role;
grant execute on function public.record_event(text, text, boolean, bigint, jsonb, text) to service_role;

-- decide_mismatch(order, accept?, who, why, policy) settles, or leaves, a payment that is not what was ordered.
-- For a person, in the dashboard:  select decide_mismatch('…', true, 'who', 'why');
-- Raises PT404 for an order that is no mismatch. May be decided again.
create function public.decide_mismatch(
    p_order_id uuid,
    p_accept   boolean,
    p_who      text,
    p_why      text,
    p_policy   text default 'debt'
)
    returns void
    language plpgsql
    set search_path = ''
as $$
begin
    update public.purchases p
    set decision = case when p_accept then 'accepted' else 'rejected' end,
        decided_at = clock_timestamp(),
        decided_by = p_who,
        decided_because = p_why
    where p.id = p_order_id
        and p.paid_at is not null
        and (p.amount_subtotal <> p.unit_amount or p.currency_paid <> p.currency);
    if not found then
        raise exception using errcode = 'PT404', message = 'no mismatch under this order';
    end if;
    perform public.settle_purchase(p_order_id, p_policy);
end
$$;

comment on function public.decide_mismatch(uuid, boolean, text, text, text) is
    'A person''s decision about a payment that is not what was ordered: accepted, its credits are posted; rejected, they are not.';
revoke all on function public.decide_mismatch(uuid, boolean, text, text, text) from public, anon, authenticated, service_role;
