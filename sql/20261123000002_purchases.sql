-- Orders and the facts about their payment. A row is begun by us before Stripe hears of it; what
-- Stripe then tells is merged into it (settlement), in whatever order it comes.

create table public.stripe_customers (
    user_id         uuid        not null,
    livemode        boolean     not null,
    customer_id     text,
    idempotency_key uuid        not null default gen_random_uuid(),
    created_at      timestamptz not null default now(),
    constraint stripe_customers_pkey primary key (user_id, livemode),
    constraint stripe_customers_customer_id_key unique (customer_id)
);

comment on table public.stripe_customers is
    'The one Stripe customer of a user, for test and live mode each. No foreign key to auth.users: deleting a user must not touch the money.';
comment on column public.stripe_customers.customer_id is 'Null until Stripe has made it.';
comment on column public.stripe_customers.idempotency_key is
    'Under which Stripe is asked to make it, so that parallel clicks get one customer. Renewed after a failure, which Stripe would repeat for a day.';

create table public.purchases (
    id                  uuid        not null default gen_random_uuid(),
    user_id             uuid        not null,
    package_id          text        not null,
    package_name        text        not null,
    credits             bigint      not null,
    unit_amount         bigint      not null,
    currency            text        not null,
    valid_days          integer,
    livemode            boolean     not null,
    created_at          timestamptz not null default now(),
    checkout_session_id text,
    payment_intent_id   text,
    customer_id         text,
    amount_subtotal     bigint,
    amount_paid         bigint,
    currency_paid       text,
    processing_at       timestamptz,
    paid_at             timestamptz,
    failed_at           timestamptz,
    expired_at          timestamptz,
    declined_at         timestamptz,
    decline_code        text,
    decision            text,
    decided_at          timestamptz,
    decided_by          text,
    decided_because     text,
    credits_posted      bigint      not null default 0,
    credits_forgiven    bigint      not null default 0,
    status              text        not null generated always as (
        case
            when paid_at is not null
                and (amount_subtotal <> unit_amount or currency_paid <> currency)
                and decision is distinct from 'accepted' then 'mismatch'
            when paid_at is not null then 'paid'
            when failed_at is not null then 'failed'
            when expired_at is not null then 'expired'
            when processing_at is not null then 'processing'
            else 'open'
        end
    ) stored,
    constraint purchases_pkey primary key (id),
    constraint purchases_checkout_session_id_key unique (checkout_session_id),
    constraint purchases_payment_intent_id_key unique (payment_intent_id),
    constraint purchases_credits_are_sane check (credits between 1 and 1000000000),
    constraint purchases_unit_amount_is_sane check (unit_amount between 1 and 99999999),
    constraint purchases_currency_is_iso check (currency ~ '^[a-z]{3}$'),
    constraint purchases_valid_days_are_sane check (valid_days between 1 and 3650),
    constraint purchases_amount_paid_is_not_negative check (amount_paid >= 0),
    constraint purchases_paid_says_what
        check (paid_at is null or (amount_paid is not null and amount_subtotal is not null and currency_paid is not null)),
    constraint purchases_decision_is_known check (decision in ('accepted', 'rejected')),
    constraint purchases_decision_is_signed
        check ((decision is null) = (decided_at is null) and (decision is null) = (decided_by is null)),
    constraint purchases_posted_is_within_what_was_bought check (credits_posted between 0 and credits),
    constraint purchases_forgiven_is_within_what_was_posted check (credits_forgiven between 0 and credits_posted)
);

create index purchases_user_id_created_at_idx on public.purchases (user_id, created_at desc);

comment on table public.purchases is
    'One row an order, keyed by our own id, which travels in Stripe''s metadata. The first block is what was ordered, the second what Stripe told us, the last what the ledger was given for it.';
comment on column public.purchases.package_id is 'As ordered. No foreign key: an order outlives its package, and Stripe''s metadata alone can rebuild the row.';
comment on column public.purchases.credits is 'Credits ordered, fixed when the order began.';
comment on column public.purchases.unit_amount is 'Price shown, in minor units of the currency.';
comment on column public.purchases.valid_days is 'Days from payment until what is left of the credits lapses. Null: never.';
comment on column public.purchases.amount_subtotal is 'What Stripe asked for before discounts and tax, in minor units. Must be unit_amount, or the order is a mismatch.';
comment on column public.purchases.currency_paid is 'In which currency. Must be the order''s.';
comment on column public.purchases.amount_paid is 'What Stripe charged, in minor units: less with a promotion code, 0 where nothing was charged.';
comment on column public.purchases.processing_at is 'When a delayed payment method (a bank debit) was submitted.';
comment on column public.purchases.declined_at is 'The latest declined attempt. Says nothing about the outcome: the person may have paid with another card.';
comment on column public.purchases.decline_code is 'Stripe''s code for that attempt, e.g. insufficient_funds.';
comment on column public.purchases.credits_posted is 'Credits the ledger holds for this order: settlement moves it to the target and posts the difference.';
comment on column public.purchases.decision is 'What a person decided of a mismatch: accepted settles it, rejected leaves it. See decide_mismatch.';
comment on column public.purchases.credits_forgiven is 'Credits that should have been taken back but were spent, under the policy clamp. Part of credits_posted.';
comment on column public.purchases.status is 'Read off the facts: mismatch or paid, else failed, else expired, else processing, else open.';

alter table public.stripe_customers enable row level security;
alter table public.purchases enable row level security;

revoke all on public.stripe_customers, public.purchases from public, anon, authenticated, service_role;
grant select on public.stripe_customers, public.purchases to service_role;
grant select on public.purchases to authenticated;

create policy "a user reads their own purchases" on public.purchases
    for select to authenticated using (user_id = (select auth.uid()));

-- begin_purchase(user, package, live or test, orders a minute)
--   -> {order_id, ordered_at, package_id, package_name, credits, unit_amount, currency, valid_days?, customer_id?, customer_key}
-- Records the order before Stripe hears of it, at the price of this moment.
-- Raises PT404 for a package that is not on sale; PT429 past the limit, its detail the seconds to wait.
create function public.begin_purchase(
    p_user_id           uuid,
    p_package_id        text,
    p_livemode          boolean,
    p_orders_per_minute integer
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
as $$
declare
    v_order        public.purchases;
    v_customer     public.stripe_customers;
    v_recent       bigint;
    v_wait_seconds integer;
begin
    -- Counting and inserting must be one step for each user, or parallel clicks all pass the limit.
    perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('begin_purchase:' || p_user_id, 0));

    select count(*), ceil(extract(epoch from min(p.created_at) + interval '1 minute' - clock_timestamp()))
    into v_recent, v_wait_seconds
    from public.purchases p
    where p.user_id = p_user_id
        and p.created_at > clock_timestamp() - interval '1 minute';
    if v_recent >= p_orders_per_minute then
        raise exception using
            errcode = 'PT429',
            message = 'too many orders in a minute',
            detail = greatest(v_wait_seconds, 1)::text;
    end if;

    insert into public.purchases (
        user_id, package_id, package_name, credits, unit_amount, currency, valid_days, livemode, created_at
    )
    select p_user_id, c.id, c.name, c.credits, c.unit_amount, c.currency, c.valid_days, p_livemode, clock_timestamp()
    from public.credit_packages c
    where c.id = p_package_id
        and c.active
    returning * into v_order;
    if not found then
        raise exception using errcode = 'PT404', message = 'no such package on sale';
    end if;

    insert into public.stripe_customers (user_id, livemode)
    values (p_user_id, p_livemode)
    on conflict (user_id, livemode) do nothing;
    select * into v_customer
    from public.stripe_customers s
    where s.user_id = p_user_id
        and s.livemode = p_livemode;

    return jsonb_build_object(
        'order_id', v_order.id,
        'ordered_at', floor(extract(epoch from v_order.created_at))::bigint,
        'package_id', v_order.package_id,
        'package_name', v_order.package_name,
        'credits', v_order.credits,
        'unit_amount', v_order.unit_amount,
        'currency', v_order.currency,
        'valid_days', v_order.valid_days,
        'customer_id', v_customer.customer_id,
        'customer_key', v_customer.idempotency_key
    );
end
$$;

comment on function public.begin_purchase(uuid, text, boolean, integer) is
    'Records an order at the price of this moment, before Stripe hears of it. PT404: not on sale. PT429: too many; the detail is the seconds to wait.';
revoke all on function public.begin_purchase(uuid, text, boolean, integer) from public, anon, authenticated, service_role;
grant execute on function public.begin_purchase(uuid, text, boolean, integer) to service_role;

-- link_stripe_customer(user, live or test, new customer) -> the customer to use
-- Of two callers at once the first one's customer stays, and both are told its id.
create function public.link_stripe_customer(
    p_user_id     uuid,
    p_livemode    boolean,
    p_customer_id text
)
    returns text
    language sql
    security definer
    set search_path = ''
as $$
    update public.stripe_customers s
    set customer_id = coalesce(s.customer_id, p_customer_id)
    where s.user_id = p_user_id
        and s.livemode = p_livemode
    returning s.customer_id
$$;

comment on function public.link_stripe_customer(uuid, boolean, text) is
    'Remembers a user''s Stripe customer, once: of two callers the first wins and both get its id.';
revoke all on function public.link_stripe_customer(uuid, boolean, text) from public, anon, authenticated, service_role;
grant execute on function public.link_stripe_customer(uuid, boolean, text) to service_role;

-- renew_stripe_customer(user, live or test, key, customer that is gone or null) -> the key to use from now on
-- Stripe failed to make a customer under this key (null: there is none yet) or no longer has the one it
-- made. Of two callers the first renews and both are told the new key; a customer that another caller
-- has got meanwhile is not forgotten.
create function public.renew_stripe_customer(
    p_user_id          uuid,
    p_livemode         boolean,
    p_idempotency_key  uuid,
    p_gone_customer_id text default null
)
    returns uuid
    language sql
    security definer
    set search_path = ''
as $$
    with renewed as (
        update public.stripe_customers s
        set customer_id = null,
            idempotency_key = gen_random_uuid()
        where s.user_id = p_user_id
            and s.livemode = p_livemode
            and s.idempotency_key = p_idempotency_key
            and s.customer_id is not distinct from p_gone_customer_id
        returning s.idempotency_key
    )
    select coalesce(
        (select r.idempotency_key from renewed r),
        (
            select s.idempotency_key
            from public.stripe_customers s
            where s.user_id = p_user_id
                and s.livemode = p_livemode
        )
    )
$$;

comment on function public.renew_stripe_customer(uuid, boolean, uuid, text) is
    'Forgets a customer that Stripe failed to make or no longer has, so that the next attempt makes a new one.';
revoke all on function public.renew_stripe_customer(uuid, boolean, uuid, text) from public, anon, authenticated, service_role;
grant execute on function public.renew_stripe_customer(uuid, boolean, uuid, text) to service_role;
