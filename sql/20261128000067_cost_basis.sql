-- Cost basis: what was paid for the credits of a lot. Amount and credits stay two whole numbers. A price of
-- one credit would have to be rounded.

create view public.credit_lot_costs with (security_invoker = true) as
    select l.id as lot_id,
        l.user_id,
        l.purchase_id,
        p.amount_excluding_tax as amount,
        p.credits,
        p.currency_paid as currency,
        p.livemode
    from public.credit_lots l
    join public.purchases p on p.id = l.purchase_id
    where p.paid_at is not null;

comment on view public.credit_lot_costs is
    'What was paid for a lot: one row for each lot that a purchase bought. Gifts and corrections have no row, because nothing was paid for them. A lot keeps its row when its purse moves. The price of a credit is amount / credits, which is seldom a whole number.';
comment on column public.credit_lot_costs.amount is 'What Stripe charged for the purchase, without tax, in minor units. 0 if nothing was charged.';
comment on column public.credit_lot_costs.credits is 'The credits that the amount bought.';
revoke all on public.credit_lot_costs from public, anon, authenticated, service_role;
grant select on public.credit_lot_costs to service_role;
