-- The money of the orders. Facts change in place: a refund is pending, then fails. The books need each change,
-- so a row is added here whenever the money of an order changes.

create table public.book_money (
    id          bigint      generated always as identity,
    purchase_id uuid        not null,
    unit        text        not null,
    test_mode   boolean     not null,
    received    bigint      not null,
    returned    bigint      not null,
    taxed       bigint      not null,
    rounded     bigint      not null,
    forgiven    bigint      not null,
    created_at  timestamptz not null default clock_timestamp(),
    constraint book_money_pkey primary key (id)
);

create index book_money_purchase_id_idx on public.book_money (purchase_id);

comment on table public.book_money is
    'How the money of an order changed, in minor units, one row a change. Append only. All columns of an order add up to its present state.';
-- A foreign key would lock the purchase for a transaction that holds the user's row already, as in credit_lots.
comment on column public.book_money.purchase_id is 'The order. No foreign key, because it would lock purchases in the wrong order.';
comment on column public.book_money.unit is 'The currency of the payment.';
comment on column public.book_money.received is 'What Stripe charged. More than the price if the order was paid twice.';
comment on column public.book_money.returned is 'What refunds and disputes took back. Less if one failed or was won.';
comment on column public.book_money.taxed is 'The tax in what Stripe charged for the order, less its part in what went back. Without that of a second payment.';
comment on column public.book_money.rounded is 'A refund takes whole credits, rounded up. What was paid for the part of a credit that the refund did not pay for.';
comment on column public.book_money.forgiven is 'What was paid for credits that a refund should have taken and could not (credit_lots.forgiven).';

alter table public.book_money enable row level security;
revoke all on public.book_money from public, anon, authenticated, service_role;
grant select on public.book_money to service_role;

create function purse.forbid_book_change()
    returns trigger
    language plpgsql
    set search_path = ''
as $$
begin
    raise exception using
        errcode = 'restrict_violation',
        message = tg_table_name || ' only grows: a later month corrects an earlier one';
end
$$;

comment on function purse.forbid_book_change() is
'Trigger: refuses every update, delete and truncate of the books, whoever asks.';
revoke all on function purse.forbid_book_change() from public, anon, authenticated, service_role;

create trigger book_money_only_grows
    before update or delete or truncate on public.book_money
    for each statement execute function purse.forbid_book_change();
alter table public.book_money enable always trigger book_money_only_grows;

create function purse.note_money(p_purchase_id uuid)
    returns void
    language sql
    set search_path = ''
as $$
    insert into public.book_money (purchase_id, unit, test_mode, received, returned, taxed, rounded, forgiven)
    select p.id, p.currency_paid, not p.livemode, s.received - n.received, s.returned - n.returned,
        s.taxed - n.taxed, s.rounded - n.rounded, s.forgiven - n.forgiven
    from public.purchases p
    cross join lateral (
        select coalesce(sum(t.amount), 0)::bigint as amount
        from public.purchase_payments t
        where t.purchase_id = p.id
            and t.currency = p.currency_paid
    ) paid
    cross join lateral (
        select coalesce(sum(
            case p.currency_paid
                when r.currency then r.amount
                when r.settled_currency then r.settled_amount
                else p.amount_paid
            end
        ), 0)::bigint as amount
        from purse.reversals_of(p) r
        where r.in_effect
    ) back
    cross join lateral (
        select coalesce(sum(t.amount), 0) as credits
        from public.credit_transactions t
        where t.purchase_id = p.id
            and t.kind in ('purchase', 'clawback', 'giveback')
    ) posted
    cross join lateral (
        select paid.amount as received,
            back.amount as returned,
            p.amount_tax - purse.tax_of(p, purse.amount_reversed(p)) as taxed,
            case
                when p.status = 'paid' then
                    p.amount_excluding_tax - (purse.amount_reversed(p) - purse.tax_of(p, purse.amount_reversed(p)))
                    - div(p.amount_excluding_tax::numeric * p.credits_posted, p.credits)::bigint
                else 0
            end as rounded,
            (div(p.amount_excluding_tax * posted.credits, p.credits)
                - div(p.amount_excluding_tax::numeric * p.credits_posted, p.credits))::bigint as forgiven
    ) s
    cross join lateral (
        select coalesce(sum(m.received), 0)::bigint as received,
            coalesce(sum(m.returned), 0)::bigint as returned,
            coalesce(sum(m.taxed), 0)::bigint as taxed,
            coalesce(sum(m.rounded), 0)::bigint as rounded,
            coalesce(sum(m.forgiven), 0)::bigint as forgiven
        from public.book_money m
        where m.purchase_id = p.id
    ) n
    where p.id = p_purchase_id
        and p.paid_at is not null
        and (s.received, s.returned, s.taxed, s.rounded, s.forgiven)
            <> (n.received, n.returned, n.taxed, n.rounded, n.forgiven)
$$;

comment on function purse.note_money(uuid) is
'Adds the row to book_money by which the money of a purchase has changed; none if it has not. The credits that
are posted but not due (a forgiven refund) count at the price of the purchase.';
revoke all on function purse.note_money(uuid) from public, anon, authenticated, service_role;

-- With its owner's rights: a deferred trigger runs as whoever commits.
create function purse.note_money_at_commit()
    returns trigger
    language plpgsql
    security definer
    set search_path = ''
as $$
begin
    if tg_table_name = 'purchases' then
        perform purse.note_money(new.id);
    elsif tg_table_name = 'purchase_reversals' then
        perform purse.note_money(purse.purchase_of_payment(new.payment_intent_id));
    else
        perform purse.note_money(new.purchase_id);
    end if;
    return null;
end
$$;

comment on function purse.note_money_at_commit() is
'Trigger, when the transaction commits: writes how the money of the row''s purchase has changed. Only then are facts and
ledger rows together.';
revoke all on function purse.note_money_at_commit() from public, anon, authenticated, service_role;

create constraint trigger purchases_note_money
    after update of credits_posted, decision on public.purchases
    deferrable initially deferred
    for each row execute function purse.note_money_at_commit();
create constraint trigger purchase_payments_note_money
    after insert on public.purchase_payments
    deferrable initially deferred
    for each row execute function purse.note_money_at_commit();
create constraint trigger purchase_reversals_note_money
    after insert or update on public.purchase_reversals
    deferrable initially deferred
    for each row execute function purse.note_money_at_commit();
create constraint trigger credit_lot_rows_note_money
    after update of forgiven on public.credit_lot_rows
    deferrable initially deferred
    for each row
    when (old.forgiven is distinct from new.forgiven)
    execute function purse.note_money_at_commit();
alter table public.purchases enable always trigger purchases_note_money;
alter table public.purchase_payments enable always trigger purchase_payments_note_money;
alter table public.purchase_reversals enable always trigger purchase_reversals_note_money;
alter table public.credit_lot_rows enable always trigger credit_lot_rows_note_money;
