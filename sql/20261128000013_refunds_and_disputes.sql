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
    received_at       timestamptz not null default now(),
    constraint purchase_reversals_pkey primary key (id),
    constraint purchase_reversals_kind_is_known check (kind in ('refund', 'dispute')),
    constraint purchase_reversals_amount_is_not_negative check (amount >= 0)
);

create index purchase_reversals_payment_intent_id_idx on public.purchase_reversals (payment_intent_id);

comment on table public.purchase_reversals is
    'One row per refund or dispute at Stripe. A row may arrive before its purchase; it counts as soon as the purchase is known.';
comment on column public.purchase_reversals.payment_intent_id is 'The payment it reverses. No foreign key: the purchase may come later.';
comment on column public.purchase_reversals.amount is 'In minor units of the payment''s currency.';
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
    select least(coalesce(p_purchase.amount_paid, 0), coalesce(sum(r.amount), 0))::bigint
    from public.purchase_reversals r
    where r.payment_intent_id = p_purchase.payment_intent_id
        and r.in_effect
$$;

comment on function purse.amount_reversed(public.purchases) is
'The part of a purchase''s payment that went back, in minor units: all reversals in effect, at most what was paid.';
revoke all on function purse.amount_reversed(public.purchases) from public, anon, authenticated, service_role;
