-- Facts: what Stripe says about an order, a refund or a dispute. The webhook, the return page and
-- reconciliation all come through record_facts, which stores the facts and settles the purchase.

create function purse.lock_order(p_order_id text)
    returns void
    language sql
    set search_path = ''
as $$
    select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('order:' || p_order_id, 0))
$$;

comment on function purse.lock_order(text) is
'Advisory lock on one order until the end of the transaction. Two first facts about an order at the
same time: the second waits for the first one''s row.';
revoke all on function purse.lock_order(text) from public, anon, authenticated, service_role;

create function purse.lock_payment(p_payment_intent_id text)
    returns void
    language sql
    set search_path = ''
as $$
    select pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('payment:' || p_payment_intent_id, 0))
$$;

comment on function purse.lock_payment(text) is
'Advisory lock on one payment until the end of the transaction. A payment''s reversal and its purchase
may arrive at the same time, and neither transaction sees the other''s row. The second waits here, then sees both.';
revoke all on function purse.lock_payment(text) from public, anon, authenticated, service_role;

-- Locks, in this order: the order, the payment and the user's orders (advisory, the last one shared), the
-- purchase's row, the user's row.
create function purse.record_order(
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
    v_is_ours     boolean;
    v_is_sealed   boolean;
    v_purchase_id uuid;
begin
    if v_at is null or v_state is null or v_state not in ('open', 'processing', 'paid', 'failed', 'expired') then
        raise exception using errcode = 'PT422', message = 'facts without a known state or a time';
    end if;
    if not purse.is_of_this_mode((p_facts ->> 'livemode')::boolean) then
        return null;
    end if;
    perform purse.keep_quiet(v_at < now() - interval '3 days');
    perform purse.lock_order(p_facts ->> 'order_id');
    v_is_ours := exists (select from purse.ledger l where l.id::text = p_facts ->> 'ledger_id');
    v_is_sealed := coalesce((p_facts ->> 'confirmed')::boolean, v_is_ours and purse.is_order_sealed(p_facts));
    if not v_is_ours
        and not v_is_sealed
        and not exists (select from public.purchases p where p.id = (p_facts ->> 'order_id')::uuid) then
        return null;
    end if;
    perform purse.lock_payment(p_facts ->> 'payment_intent_id');
    perform purse.lock_orders_of((p_facts ->> 'user_id')::uuid);

    insert into public.purchases as p (
        id, user_id, package_id, package_name, credits, unit_amount, currency, valid_days, livemode, sealed,
        created_at, checkout_session_id, payment_intent_id, customer_id, invoiced, invoice_id, amount_subtotal, amount_paid,
        amount_tax, amount_discount, currency_paid, processing_at, paid_at, failed_at, expired_at, declined_at, decline_code
    )
    values (
        (p_facts ->> 'order_id')::uuid,
        -- The metadata names the account that ordered. Its purse may have moved since.
        purse.owner_of((p_facts ->> 'user_id')::uuid),
        p_facts ->> 'package_id',
        p_facts ->> 'package_name',
        (p_facts ->> 'credits')::bigint,
        (p_facts ->> 'unit_amount')::bigint,
        p_facts ->> 'currency',
        (p_facts ->> 'valid_days')::integer,
        (p_facts ->> 'livemode')::boolean,
        v_is_sealed,
        v_at,
        p_facts ->> 'checkout_session_id',
        p_facts ->> 'payment_intent_id',
        p_facts ->> 'customer_id',
        coalesce((p_facts ->> 'invoiced')::boolean, false),
        p_facts ->> 'invoice_id',
        case when v_state = 'paid' then (p_facts ->> 'amount_subtotal')::bigint end,
        case when v_state = 'paid' then (p_facts ->> 'amount_paid')::bigint end,
        case when v_state = 'paid' then coalesce((p_facts ->> 'amount_tax')::bigint, 0) end,
        case when v_state = 'paid' then coalesce((p_facts ->> 'amount_discount')::bigint, 0) end,
        case when v_state = 'paid' then p_facts ->> 'currency_paid' end,
        case when v_state = 'processing' then v_at end,
        case when v_state = 'paid' then v_at end,
        case when v_state = 'failed' then v_at end,
        case when v_state = 'expired' then v_at end,
        case when p_facts ->> 'decline_code' is not null then v_at end,
        p_facts ->> 'decline_code'
    )
    on conflict (id) do update set
        sealed = p.sealed or excluded.sealed,
        checkout_session_id = least(p.checkout_session_id, excluded.checkout_session_id),
        payment_intent_id = least(p.payment_intent_id, excluded.payment_intent_id),
        customer_id = least(p.customer_id, excluded.customer_id),
        invoiced = p.invoiced or excluded.invoiced,
        invoice_id = least(p.invoice_id, excluded.invoice_id),
        amount_subtotal = least(p.amount_subtotal, excluded.amount_subtotal),
        -- Of one payment, so that tax and discount are those of the amount.
        (amount_paid, amount_tax, amount_discount) = (
            select m.paid, m.tax, m.discount
            from (
                values (p.amount_paid, p.amount_tax, p.amount_discount),
                    (excluded.amount_paid, excluded.amount_tax, excluded.amount_discount)
            ) m (paid, tax, discount)
            where m.paid is not null
            order by m.paid, m.tax, m.discount
            limit 1
        ),
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
    where p.user_id in (excluded.user_id, (p_facts ->> 'user_id')::uuid)
    returning p.id into v_purchase_id;
    if not found then
        raise exception using errcode = 'PT409', message = 'the order belongs to another user';
    end if;
    -- A statement of its own, after the row's lock: the account may have been deleted while we waited for it.
    update public.purchases p
    set customer_id = null
    where p.id = v_purchase_id
        and p.customer_id is not null
        and exists (select from public.deleted_accounts d where d.user_id = p.user_id);
    if p_facts ->> 'decline_code' is not null then
        insert into public.card_declines (purchase_id, declined_at)
        values (v_purchase_id, v_at)
        on conflict (purchase_id, declined_at) do nothing;
    end if;

    if v_state = 'paid' and p_facts ->> 'payment_intent_id' is not null then
        insert into public.purchase_payments as t (
            payment_intent_id, purchase_id, checkout_session_id, amount, currency, paid_at, again
        )
        values (
            p_facts ->> 'payment_intent_id',
            v_purchase_id,
            p_facts ->> 'checkout_session_id',
            (p_facts ->> 'amount_paid')::bigint,
            p_facts ->> 'currency_paid',
            v_at,
            exists (
                select
                from public.purchase_payments o
                where o.purchase_id = v_purchase_id
                    and o.payment_intent_id <> p_facts ->> 'payment_intent_id'
            )
        )
        on conflict (payment_intent_id) do update
            set paid_at = excluded.paid_at
            where t.paid_at > excluded.paid_at;
    end if;

    perform purse.settle_purchase(v_purchase_id, p_policy);
    perform purse.announce_payment(v_purchase_id);
    return v_purchase_id;
end
$$;

comment on function purse.record_order(jsonb, text) is
'The part of record_facts that concerns an order and its payment. Returns the purchase''s id; null for an
order that is neither known here nor ours, and for one of the other mode than the ledger''s.';
revoke all on function purse.record_order(jsonb, text) from public, anon, authenticated, service_role;

-- Locks, in this order: the payment (advisory), the reversal's row, the purchase's row, the user's row.
create function purse.record_reversal(
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
    if not purse.is_of_this_mode((p_facts ->> 'livemode')::boolean) then
        return null;
    end if;
    perform purse.lock_payment(p_facts ->> 'payment_intent_id');
    -- occurred_at is when the refund or dispute began. A change of one that is known is news, however old it is.
    perform purse.keep_quiet(
        to_timestamp((p_facts ->> 'occurred_at')::bigint) < now() - interval '3 days'
        and not exists (select from public.purchase_reversals r where r.id = p_facts ->> 'reversal_id')
    );

    insert into public.purchase_reversals as r (
        id, kind, payment_intent_id, amount, currency, status, rank, in_effect, livemode, occurred_at, due_at
    )
    values (
        p_facts ->> 'reversal_id',
        p_facts ->> 'kind',
        p_facts ->> 'payment_intent_id',
        (p_facts ->> 'amount')::bigint,
        p_facts ->> 'currency',
        p_facts ->> 'status',
        (p_facts ->> 'rank')::integer,
        (p_facts ->> 'in_effect')::boolean,
        (p_facts ->> 'livemode')::boolean,
        to_timestamp((p_facts ->> 'occurred_at')::bigint),
        to_timestamp((p_facts ->> 'due_at')::bigint)
    )
    on conflict (id) do update set
        amount = excluded.amount,
        due_at = excluded.due_at,
        status = excluded.status,
        rank = excluded.rank,
        in_effect = excluded.in_effect,
        occurred_at = excluded.occurred_at
    -- Facts of equal rank do not differ in what counts. The greater one is kept, so that the result
    -- does not depend on the order of arrival.
    where (excluded.rank, excluded.status, excluded.amount, excluded.occurred_at)
        > (r.rank, r.status, r.amount, r.occurred_at);

    -- Not every path is told what was settled, and it does not change with the rank.
    if p_facts ->> 'settled_amount' is not null then
        update public.purchase_reversals r
        set settled_amount = (p_facts ->> 'settled_amount')::bigint,
            settled_currency = p_facts ->> 'settled_currency'
        where r.id = p_facts ->> 'reversal_id'
            and ((p_facts ->> 'settled_amount')::bigint, p_facts ->> 'settled_currency')
                > (coalesce(r.settled_amount, -1), coalesce(r.settled_currency, ''));
    end if;

    v_purchase_id := purse.purchase_of_payment(p_facts ->> 'payment_intent_id');
    if v_purchase_id is not null then
        -- Before settlement, which then finds the credits that were pinned for this refund free in their lot.
        perform purse.settle_refund_request(
            (p_facts ->> 'refund_request_id')::uuid, v_purchase_id, p_facts ->> 'reversal_id'
        );
        perform purse.settle_purchase(v_purchase_id, p_policy);
        perform purse.announce_payment(v_purchase_id);
    end if;
    return v_purchase_id;
end
$$;

comment on function purse.record_reversal(jsonb, text) is
'The part of record_facts that concerns a refund or dispute. Returns the purchase''s id; null while the
purchase is not known, and for the other mode than the ledger''s.';
revoke all on function purse.record_reversal(jsonb, text) from public, anon, authenticated, service_role;

create function public.record_facts(
    p_facts  jsonb,
    p_policy text default 'debt'
)
    returns uuid
    language sql
    security definer
    set search_path = ''
    set lock_timeout = '2s'
as $$
    select purse.require_server();
    select case
        when p_facts ? 'reversal_id' then purse.record_reversal(p_facts, p_policy)
        else purse.record_order(p_facts, p_policy)
    end
$$;

comment on function public.record_facts(jsonb, text) is
'Stores what Stripe says about an order, refund or dispute, and settles the purchase. The same facts may
come any number of times and in any order: every column is merged by a commutative and idempotent rule
(least value, earliest time, latest decline, highest rank).
Returns the purchase''s id; null for a reversal that came before its purchase, for an order that is
neither known here nor ours, and for whatever is of the other mode than the ledger''s.
p_facts of an order: {order_id, ledger_id?, seal?, confirmed?, user_id, package_id, package_name, credits, unit_amount, currency,
valid_days?, livemode, occurred_at, state, checkout_session_id?, payment_intent_id?, customer_id?,
invoiced?, invoice_id?, amount_subtotal?, amount_paid?, amount_tax?, amount_discount?, currency_paid?, decline_code?}; state is open, processing, paid, failed or
expired; occurred_at is in seconds since 1970, UTC; amount_tax and amount_discount are 0 if missing. An unknown order is ignored
if it carries another ledger''s id: several ledgers may share a Stripe account. With our id and our seal it is
created from its facts. With our id and without our seal it is created as a mismatch, which waits for a
person. confirmed says that a person has confirmed it, in make rebuild.
p_facts of a refund or dispute: {reversal_id, kind, payment_intent_id, amount, currency, status, rank,
in_effect, livemode, occurred_at, settled_amount?, settled_currency?, due_at?, refund_request_id?}; due_at as
occurred_at; refund_request_id names the row of refund_requests that the refund was made for.
p_policy: see purse.settle_purchase.
Raises PT422 without a state or a time, not_null_violation if a required fact is missing, PT409 if the
order belongs to another user.';
revoke all on function public.record_facts(jsonb, text) from public, anon, authenticated, service_role;
grant execute on function public.record_facts(jsonb, text) to service_role;
