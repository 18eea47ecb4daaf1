-- Refunds and disputes: payments, or parts of them, that went back. What they do to the ledger is
-- decided in settlement.

create table public.purchase_reversals (
    id                text        not null,
    kind              text        not null,
    payment_intent_id text        not null,
    amount            bigint      not null,
    currency          text        not null,
    status            text        not null,
    rank              integer     not null,
    in_effect         boolean     not null,
    livemode          boolean     not null,
    occurred_at       timestamptz not null,
    settled_amount    bigint,
    settled_currency  text,
    due_at            timestamptz,
    received_at       timestamptz not null default now(),
    announced_at      timestamptz,
    end_announced_at  timestamptz,
    constraint purchase_reversals_pkey primary key (id),
    constraint purchase_reversals_kind_is_known check (kind in ('refund', 'dispute')),
    constraint purchase_reversals_amount_is_not_negative check (amount >= 0),
    constraint purchase_reversals_settled_is_not_negative check (settled_amount >= 0)
);

create index purchase_reversals_payment_intent_id_idx on public.purchase_reversals (payment_intent_id);

comment on table public.purchase_reversals is
    'One row per refund or dispute at Stripe. A row may arrive before its purchase; it counts as soon as the purchase is known.';
comment on column public.purchase_reversals.payment_intent_id is 'The payment it reverses. No foreign key: the purchase may come later.';
comment on column public.purchase_reversals.amount is 'In minor units of the currency. Stripe may name another currency than the payment''s.';
comment on column public.purchase_reversals.settled_amount is 'What first moved on the Stripe account''s balance, in minor units of settled_currency. Null: not known.';
comment on column public.purchase_reversals.due_at is 'Until when the dispute must be answered. Null for refunds.';
comment on column public.purchase_reversals.announced_at is 'When it entered the outbox (purse.announce_payment). Null: not yet.';
comment on column public.purchase_reversals.end_announced_at is 'When the end of the dispute entered the outbox.';
comment on column public.purchase_reversals.status is 'Stripe''s status.';
comment on column public.purchase_reversals.rank is 'How far it has progressed. A row of a lower rank never replaces one of a higher rank, so the order of arrival does not matter.';
comment on column public.purchase_reversals.in_effect is 'Whether the money is gone as far as we know: true for a pending or succeeded refund, false for a failed one or for an inquiry.';

alter table public.purchase_reversals enable row level security;
revoke all on public.purchase_reversals from public, anon, authenticated, service_role;
grant select on public.purchase_reversals to service_role;

create function purse.amount_reversed(p_purchase public.purchases)
    returns bigint
    language sql
    stable
    set search_path = ''
as $$
    with payments as (
        select p_purchase.payment_intent_id as id, 0::bigint as surplus
        union all
        select t.payment_intent_id, t.amount
        from public.purchase_payments t
        where t.purchase_id = p_purchase.id
            and t.payment_intent_id <> p_purchase.payment_intent_id
    ),
    reversals as (
        select sum(
            case p_purchase.currency_paid
                when r.currency then r.amount
                when r.settled_currency then r.settled_amount
                else p_purchase.amount_paid
            end
        ) as amount
        from public.purchase_reversals r
        join payments on payments.id = r.payment_intent_id
        where r.in_effect
    )
    select greatest(least(
        coalesce(p_purchase.amount_paid, 0),
        coalesce((select reversals.amount from reversals), 0) - (select sum(payments.surplus) from payments)
    ), 0)::bigint
$$;

comment on function purse.amount_reversed(public.purchases) is
'The part of a purchase''s payment that went back, in minor units: all reversals in effect, at most what was paid.
A reversal in another currency counts with what moved on the Stripe account''s balance, if that is the
payment''s currency, and else with the whole payment: make doctor names it. If an order was paid twice,
what goes back first returns the second payment.';
revoke all on function purse.amount_reversed(public.purchases) from public, anon, authenticated, service_role;

create function purse.tax_of(
    p_purchase public.purchases,
    p_amount   bigint
)
    returns bigint
    language sql
    immutable
    set search_path = ''
as $$
    select case
        when p_purchase.amount_paid > 0
            then div(p_purchase.amount_tax::numeric * p_amount, p_purchase.amount_paid)::bigint
        else 0
    end
$$;

comment on function purse.tax_of(public.purchases, bigint) is
'The tax in a part of a purchase''s payment, in minor units, rounded down: floor(tax * amount / paid). What is taxed in one
refund is the difference of two such values, so all refunds of a payment together return its tax without a remainder.
0 if nothing was charged. Null before the payment.';
revoke all on function purse.tax_of(public.purchases, bigint) from public, anon, authenticated, service_role;

create function purse.reversals_of(p_purchase public.purchases)
    returns setof public.purchase_reversals
    language sql
    stable
    set search_path = ''
as $$
    select r.*
    from public.purchase_reversals r
    where r.payment_intent_id = p_purchase.payment_intent_id
        or r.payment_intent_id in (
            select t.payment_intent_id from public.purchase_payments t where t.purchase_id = p_purchase.id
        )
    order by r.occurred_at, r.id
$$;

comment on function purse.reversals_of(public.purchases) is
'The refunds and disputes of a purchase, oldest first: of its payment, and of a second one if there was one.';
revoke all on function purse.reversals_of(public.purchases) from public, anon, authenticated, service_role;
