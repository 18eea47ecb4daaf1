-- Orders. We insert a purchase before Stripe hears of it. What Stripe then says about its payment is
-- merged into the row (record_facts), in any order.

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
    sealed              boolean     not null default true,
    created_at          timestamptz not null default now(),
    -- What the request asked for besides the pack.
    idempotency_key     text,
    currency_asked      text,
    return_url          text,
    cancel_url          text,
    -- What Stripe told us.
    checkout_session_id text,
    payment_intent_id   text,
    customer_id         text,
    invoiced            boolean     not null default false,
    invoice_id          text,
    amount_subtotal     bigint,
    amount_paid         bigint,
    amount_tax          bigint,
    amount_discount     bigint,
    amount_excluding_tax bigint     generated always as (amount_paid - amount_tax) stored,
    currency_paid       text,
    processing_at       timestamptz,
    paid_at             timestamptz,
    failed_at           timestamptz,
    expired_at          timestamptz,
    declined_at         timestamptz,
    decline_code        text,
    -- What a person decided about a mismatch.
    decision            text,
    decided_at          timestamptz,
    decided_by          text,
    decided_because     text,
    announced_status    text,
    -- What the ledger was given.
    credits_posted      bigint      not null default 0,
    status              text        not null generated always as (
        case
            when paid_at is not null
                and (amount_subtotal <> unit_amount or currency_paid <> currency or not sealed)
                and decision is distinct from 'accepted' then 'mismatch'
            when paid_at is not null then 'paid'
            when failed_at is not null then 'failed'
            when expired_at is not null then 'expired'
            when processing_at is not null then 'processing'
            else 'open'
        end
    ) stored,
    constraint purchases_pkey primary key (id),
    constraint purchases_credits_are_sane check (credits between 1 and 1000000000),
    constraint purchases_unit_amount_is_sane check (unit_amount between 1 and 99999999),
    constraint purchases_currency_is_iso check (currency ~ '^[a-z]{3}$'),
    constraint purchases_valid_days_are_sane check (valid_days between 1 and 3650),
    constraint purchases_idempotency_key_is_short check (length(idempotency_key) <= 255),
    constraint purchases_currency_asked_is_iso check (currency_asked ~ '^[a-z]{3}$'),
    constraint purchases_return_url_is_short check (length(return_url) <= 2000),
    constraint purchases_cancel_url_is_short check (length(cancel_url) <= 2000),
    constraint purchases_amount_paid_is_not_negative check (amount_paid >= 0),
    constraint purchases_amount_tax_is_within_the_payment check (amount_tax between 0 and amount_paid),
    constraint purchases_amount_discount_is_not_negative check (amount_discount >= 0),
    constraint purchases_paid_says_what
        check (paid_at is null or (
            amount_paid is not null
            and amount_subtotal is not null
            and amount_tax is not null
            and amount_discount is not null
            and currency_paid is not null
        )),
    constraint purchases_decision_is_known check (decision in ('accepted', 'rejected')),
    constraint purchases_decision_is_signed
        check ((decision is null) = (decided_at is null) and (decision is null) = (decided_by is null)),
    constraint purchases_posted_is_within_what_was_bought check (credits_posted between 0 and credits)
);

-- Partial, so that Postgres does not count these columns as keys. An update that sets them would
-- otherwise conflict with the lock that the ledger's foreign key takes while the user's row is held.
create unique index purchases_checkout_session_id_key
    on public.purchases (checkout_session_id) where checkout_session_id is not null;
create unique index purchases_payment_intent_id_key
    on public.purchases (payment_intent_id) where payment_intent_id is not null;
create unique index purchases_idempotency_key_key
    on public.purchases (user_id, idempotency_key) where idempotency_key is not null;
create index purchases_invoice_id_idx on public.purchases (invoice_id) where invoice_id is not null;
create index purchases_user_id_created_at_idx on public.purchases (user_id, created_at desc);
create index purchases_unsettled_idx on public.purchases (id) where status in ('open', 'processing');

comment on table public.purchases is
    'One row per order, keyed by our own id, which travels in Stripe''s metadata.';
comment on column public.purchases.package_id is 'As ordered. No foreign key: an order outlives its pack, and Stripe''s metadata alone can rebuild the row.';
comment on column public.purchases.credits is 'Credits ordered. Fixed when the order began.';
comment on column public.purchases.unit_amount is 'The price shown to the buyer, in minor units of the currency.';
comment on column public.purchases.valid_days is 'Days from payment until the remaining credits expire. Null: they never expire.';
comment on column public.purchases.sealed is 'Whether this database began the order, or its metadata carried our seal, or a person confirmed it in a rebuild. If not, the order is a mismatch.';
comment on column public.purchases.idempotency_key is 'The caller''s key for this checkout, once per user. Null: none was sent, or the order has moved to another account.';
comment on column public.purchases.currency_asked is 'The currency that the buyer wished to pay in. The pack may have had no price in it: currency says what was ordered. Null: none was named.';
comment on column public.purchases.return_url is 'Where the buyer goes after the payment, as requested and without the session id. Null: our own page.';
comment on column public.purchases.cancel_url is 'Where the buyer goes who leaves the payment page. Null: our own page.';
comment on column public.purchases.invoiced is 'Whether its Checkout Session makes an invoice after the payment (INVOICES=on when it began).';
comment on column public.purchases.invoice_id is 'That invoice at Stripe. Null: none, or not told yet.';
comment on column public.purchases.amount_subtotal is 'What Stripe asked for before discounts and before tax that is added to the price, in minor units. If it differs from unit_amount, the order is a mismatch.';
comment on column public.purchases.currency_paid is 'The currency of the payment. If it differs from the order''s, the order is a mismatch.';
comment on column public.purchases.amount_paid is 'What Stripe charged, in minor units. Less than the price with a promotion code, more with tax that is added to it, 0 if nothing was charged.';
comment on column public.purchases.amount_tax is 'The tax in amount_paid, in minor units: added to the price, or included in it.';
comment on column public.purchases.amount_discount is 'What promotion codes took off the price, in minor units.';
comment on column public.purchases.amount_excluding_tax is 'What the shop earns by the payment, in minor units. The books count with it.';
comment on column public.purchases.processing_at is 'When a delayed payment method, such as a bank debit, was submitted.';
comment on column public.purchases.declined_at is 'The latest declined attempt. The order may still be paid with another card.';
comment on column public.purchases.decline_code is 'Stripe''s code for that attempt, e.g. insufficient_funds.';
comment on column public.purchases.decision is 'A person''s decision about a mismatch: accepted posts its credits, rejected does not. See purse.decide_mismatch.';
comment on column public.purchases.announced_status is 'The status, failed or mismatch, that entered the outbox (purse.announce_payment).';
comment on column public.purchases.credits_posted is 'The target that the order is settled to. The ledger holds this many credits for the order, plus those that its lot counts as forgiven.';
comment on column public.purchases.status is 'Derived from the facts: mismatch or paid; otherwise failed, expired, processing or open, in this order of precedence.';

alter table public.purchases enable row level security;
revoke all on public.purchases from public, anon, authenticated, service_role;
grant select on public.purchases to authenticated, service_role;

create policy "a user reads their own purchases" on public.purchases
    for select to authenticated using (user_id = (select auth.uid()) and (select public.account_is_open()));

create view purse.open_checkouts with (security_invoker = true) as
    select p.id, p.user_id, p.checkout_session_id, p.created_at
    from public.purchases p
    where p.status = 'open'
        and p.checkout_session_id is not null
        -- A checkout page is open for a day at most.
        and p.created_at > now() - interval '1 day';

comment on view purse.open_checkouts is
'Orders whose checkout page may be open at Stripe.';
revoke all on purse.open_checkouts from public, anon, authenticated, service_role;

create table public.purchase_payments (
    payment_intent_id   text        not null,
    purchase_id         uuid        not null,
    checkout_session_id text,
    amount              bigint      not null,
    currency            text        not null,
    paid_at             timestamptz not null,
    again               boolean     not null default false,
    constraint purchase_payments_pkey primary key (payment_intent_id),
    constraint purchase_payments_purchase_id_fkey foreign key (purchase_id) references public.purchases (id)
);

create index purchase_payments_purchase_id_idx on public.purchase_payments (purchase_id);
create index purchase_payments_again_idx on public.purchase_payments (purchase_id) where again;

comment on table public.purchase_payments is
    'Every payment of an order. There is one, unless the order was paid twice: then make doctor names it, and refunds first return what was paid too much.';
comment on column public.purchase_payments.amount is 'In minor units of the currency.';
comment on column public.purchase_payments.again is 'Whether we knew of another payment of the order when this one was recorded. So an order that was paid twice has such a row.';

alter table public.purchase_payments enable row level security;
revoke all on public.purchase_payments from public, anon, authenticated, service_role;
grant select on public.purchase_payments to service_role;

create function purse.purchase_of_payment(p_payment_intent_id text)
    returns uuid
    language sql
    stable
    set search_path = ''
as $$
    select p.id from public.purchases p where p.payment_intent_id = p_payment_intent_id
    union
    select t.purchase_id from public.purchase_payments t where t.payment_intent_id = p_payment_intent_id
    limit 1
$$;

comment on function purse.purchase_of_payment(text) is
'The purchase that a payment intent is for, also if it is the second that paid it. Null if there is none.';
revoke all on function purse.purchase_of_payment(text) from public, anon, authenticated, service_role;

create function purse.begun_purchase(
    p_order public.purchases,
    p_email text
)
    returns jsonb
    language plpgsql
    stable
    set search_path = ''
as $$
declare
    v_customer public.stripe_customers;
begin
    select * into v_customer
    from public.stripe_customers s
    where s.user_id = p_order.user_id
        and s.livemode = p_order.livemode;
    return jsonb_build_object(
        'order_id', p_order.id,
        'ordered_at', floor(extract(epoch from p_order.created_at))::bigint,
        'package_id', p_order.package_id,
        'package_name', p_order.package_name,
        'credits', p_order.credits,
        'unit_amount', p_order.unit_amount,
        'currency', p_order.currency,
        'valid_days', p_order.valid_days,
        'return_url', p_order.return_url,
        'cancel_url', p_order.cancel_url,
        'customer_id', v_customer.customer_id,
        'customer_has_email', p_email is null or v_customer.email_hash is not distinct from purse.address_hash(p_email),
        'customer_key', v_customer.idempotency_key,
        'open_session_id', null
    ) || purse.seal_order(p_order);
end
$$;

comment on function purse.begun_purchase(public.purchases, text) is
'The answer of begin_purchase about an order.';
revoke all on function purse.begun_purchase(public.purchases, text) from public, anon, authenticated, service_role;

create function public.begin_purchase(
    p_user_id           uuid,
    p_package_id        text,
    p_livemode          boolean,
    p_orders_per_minute integer,
    p_declines_per_hour integer default null,
    p_email             text    default null,
    p_idempotency_key   text    default null,
    p_return_url        text    default null,
    p_cancel_url        text    default null,
    p_currency          text    default null
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set lock_timeout = '2s'
as $$
declare
    v_order        public.purchases;
    v_recent       bigint;
    v_wait_seconds integer;
    v_opens_at     timestamptz;
begin
    perform purse.require_server();
    -- One request per user at a time: otherwise parallel clicks would all pass the limit.
    perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('begin_purchase:' || p_user_id, 0));
    perform purse.require_account(p_user_id);
    if exists (select from public.purse_moves m where m.from_user_id = p_user_id) then
        raise exception using
            errcode = 'PT409',
            message = 'the purse of this account has moved to another account',
            detail = 'purse_moved';
    end if;

    select * into v_order
    from public.purchases p
    where p.user_id = p_user_id
        and p.idempotency_key = p_idempotency_key;
    if found then
        if (v_order.package_id, v_order.currency_asked, v_order.return_url, v_order.cancel_url)
            is distinct from (p_package_id, p_currency, p_return_url, p_cancel_url) then
            raise exception using
                errcode = 'PT409',
                message = 'the key was used for another checkout',
                detail = 'idempotency_key_reused';
        end if;
        if v_order.status <> 'open' or v_order.created_at < clock_timestamp() - interval '1 hour' then
            raise exception using
                errcode = 'PT409',
                message = 'the checkout under this key has ended',
                detail = 'checkout_ended';
        end if;
        return purse.begun_purchase(v_order, p_email);
    end if;

    v_order := purse.open_order_of_offer(p_user_id, p_package_id, p_livemode);
    if v_order.id is not null then
        return purse.begun_purchase(v_order, p_email)
            || jsonb_build_object('open_session_id', v_order.checkout_session_id);
    end if;

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

    if not purse.set_mode(p_livemode) then
        raise exception using
            errcode = 'PT409',
            message = 'the ledger is of the other mode',
            detail = case when p_livemode then 'ledger_is_test' else 'ledger_is_live' end;
    end if;
    if p_declines_per_hour is not null then
        v_opens_at := purse.checkout_opens_at(p_user_id, p_declines_per_hour);
        if v_opens_at is not null then
            raise exception using
                errcode = 'PT429',
                message = 'too many payments were declined in an hour',
                detail = pg_catalog.format(
                    'declines:%s', greatest(ceil(extract(epoch from v_opens_at - clock_timestamp())), 1)::integer
                );
        end if;
    end if;

    insert into public.purchases (
        user_id, package_id, package_name, credits, unit_amount, currency, valid_days, livemode, created_at,
        idempotency_key, currency_asked, return_url, cancel_url
    )
    select
        p_user_id, c.id, c.name, c.credits, coalesce(f.unit_amount, c.unit_amount), coalesce(f.currency, c.currency),
        c.valid_days, p_livemode, clock_timestamp(), p_idempotency_key, p_currency, p_return_url, p_cancel_url
    from purse.on_sale_for(p_user_id, p_package_id) c
    left join public.package_prices f on f.package_id = c.id and f.currency = p_currency
    returning * into v_order;
    if not found then
        raise exception using errcode = 'PT404', message = 'no such package on sale';
    end if;

    insert into public.stripe_customers (user_id, livemode)
    values (p_user_id, p_livemode)
    on conflict (user_id, livemode) do nothing;
    -- An app may show the packs on a page of its own. Its buyers have seen them, too.
    perform purse.note_store_opened(p_user_id);
    return purse.begun_purchase(v_order, p_email);
end
$$;

comment on function public.begin_purchase(uuid, text, boolean, integer, integer, text, text, text, text, text) is
'Records an order at the present price, before Stripe hears of it. The first order sets the ledger''s mode.
The price is the one in p_currency, or the pack''s own if it has none in that currency.
Returns {order_id, ordered_at (seconds since 1970), package_id, package_name, credits, unit_amount,
currency, valid_days or null, return_url or null, cancel_url or null, customer_id or null, customer_has_email (false if p_email has to be sent to Stripe),
customer_key (idempotency key for creating the customer), ledger_id, seal, open_session_id or null}; ledger_id and seal
travel in Stripe''s metadata.
p_package_id is a pack''s id, or that of an offer made to this user. An offer has one open order at a time: while it may be
paid, every request gets that order again, whatever its key and addresses, and it counts for no limit. open_session_id is
its Checkout Session, of which the caller asks Stripe whether it is still open.
Under the same p_idempotency_key the same request gets the same order, for an hour and while it is unpaid; it
counts for no limit. Then PT409 with checkout_ended as detail, and with idempotency_key_reused if another pack,
currency or address is asked for under that key.
Raises PT404 if the pack is not on sale, or the offer was made to somebody else; PT409 with offer_bought or offer_ended as
detail (purse.open_order_of_offer); PT409 with ledger_is_test or ledger_is_live as detail if the ledger
is of the other mode, and with purse_moved if the user''s purse has moved to another account; PT429 past
p_orders_per_minute, with the seconds to wait as detail, and at p_declines_per_hour declined payments, with
declines:<seconds>; PT403 if the account was deleted.';
revoke all on function public.begin_purchase(uuid, text, boolean, integer, integer, text, text, text, text, text)
    from public, anon, authenticated, service_role;
grant execute on function public.begin_purchase(uuid, text, boolean, integer, integer, text, text, text, text, text) to service_role;

create function public.payment_of_order(
    p_user_id  uuid,
    p_order_id uuid
)
    returns text
    language sql
    stable
    security definer
    set search_path = ''
as $$
    select purse.require_server();
    select purse.require_account(p_user_id);
    select p.payment_intent_id
    from public.purchases p
    where p.id = p_order_id
        and p.user_id = p_user_id
        and p.paid_at is not null
$$;

comment on function public.payment_of_order(uuid, uuid) is
'The payment intent that paid an order of this user, for its receipt at Stripe. Null if the order is not theirs or not paid. Raises PT403 if the account was deleted.';
revoke all on function public.payment_of_order(uuid, uuid) from public, anon, authenticated, service_role;
grant execute on function public.payment_of_order(uuid, uuid) to service_role;
