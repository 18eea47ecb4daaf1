-- Refunds that we ask Stripe for. Here: the requests, and what of a purchase can go back (quote_refund).

create table public.refund_requests (
    id               uuid        not null default gen_random_uuid(),
    purchase_id      uuid        not null,
    actor            text        not null,
    reason           text        not null,
    idempotency_key  public.idempotency_key not null,
    amount           bigint      not null,
    currency         text        not null,
    credits          public.credit_count not null,
    hold_id          uuid,
    status           text        not null default 'begun',
    attempts         integer     not null default 0,
    next_attempt_at  timestamptz not null default now(),
    stripe_refund_id text,
    refusal          text,
    created_at       timestamptz not null default clock_timestamp(),
    ended_at         timestamptz,
    constraint refund_requests_pkey primary key (id),
    constraint refund_requests_purchase_id_fkey foreign key (purchase_id) references public.purchases (id),
    constraint refund_requests_idempotency_key_key unique (actor, idempotency_key),
    constraint refund_requests_stripe_refund_id_key unique (stripe_refund_id),
    constraint refund_requests_amount_is_positive check (amount > 0),
    constraint refund_requests_status_is_known check (status in ('begun', 'done', 'failed', 'refused')),
    constraint refund_requests_say_when_they_ended check ((status = 'begun') = (ended_at is null)),
    constraint refund_requests_say_why check ((status in ('failed', 'refused')) = (refusal is not null))
);

create index refund_requests_purchase_id_idx on public.refund_requests (purchase_id, created_at desc);
create unique index refund_requests_one_at_a_time on public.refund_requests (purchase_id) where status = 'begun';
create index refund_requests_due_idx on public.refund_requests (next_attempt_at) where status = 'begun';

comment on table public.refund_requests is
    'One row per refund that we ask Stripe for. Its id is in Stripe''s metadata and part of the idempotency key there. A refund made in Stripe''s dashboard has none.';
comment on column public.refund_requests.actor is 'Who asked: a user''s id, or a person of the shop.';
comment on column public.refund_requests.idempotency_key is 'The caller''s key, once per actor.';
comment on column public.refund_requests.amount is 'In minor units of the currency.';
comment on column public.refund_requests.credits is 'The credits that settlement takes back for this amount.';
comment on column public.refund_requests.hold_id is 'The hold that pins these credits to the purchase''s lot until the refund is settled.';
comment on column public.refund_requests.status is 'begun: not settled yet. done: Stripe made the refund. failed: Stripe made it, and it failed later. refused: it was never made.';
comment on column public.refund_requests.attempts is 'How often a worker has begun to ask Stripe.';
comment on column public.refund_requests.next_attempt_at is 'Until then one worker has it for itself; afterwards the next one may try.';
comment on column public.refund_requests.refusal is 'Why it was refused or failed: Stripe''s code or status, or credits_used.';

alter table public.refund_requests enable row level security;
revoke all on public.refund_requests from public, anon, authenticated, service_role;
grant select on public.refund_requests to service_role;

create function purse.decimals_of(p_currency text)
    returns integer
    language sql
    stable
    set search_path = ''
as $$
    select coalesce((select c.decimals from public.stripe_currencies() c where c.currency = p_currency), 2)
$$;

comment on function purse.decimals_of(text) is 'The decimals of a currency''s minor unit: 2 for usd, 0 for jpy.';
revoke all on function purse.decimals_of(text) from public, anon, authenticated, service_role;

create function purse.refundable_amount(
    p_credits  bigint,
    p_paid     bigint,
    p_reversed bigint,
    p_unused   bigint,
    p_step     integer
)
    returns bigint
    language sql
    immutable
    set search_path = ''
as $$
    -- Settlement has taken ceil(credits * reversed / paid) credits. With the refund it takes
    -- ceil(credits * (reversed + amount) / paid), which may be p_unused more. As that bound is a whole number, the
    -- ceiling stays within it exactly if the quotient does.
    select case when m.amount < p_paid - p_reversed then m.amount - m.amount % p_step else m.amount end
    from (
        select least(
            p_paid,
            div(
                (p_unused + ceil(p_credits::numeric * p_reversed / p_paid)) * p_paid,
                p_credits
            )
        )::bigint - p_reversed as amount
    ) m
$$;

comment on function purse.refundable_amount(bigint, bigint, bigint, bigint, integer) is
'The largest amount, in minor units, whose refund takes back at most p_unused credits by the formula of
purse.purchase_target. p_credits were bought for p_paid, of which p_reversed went back already. Unless it is the whole
rest, it is a multiple of p_step: Stripe refuses other amounts (stripe_currencies).';
revoke all on function purse.refundable_amount(bigint, bigint, bigint, bigint, integer)
    from public, anon, authenticated, service_role;

create function purse.why_not_refundable(
    p_purchase public.purchases,
    p_account  public.user_credits,
    p_days     integer
)
    returns text
    language sql
    stable
    set search_path = ''
as $$
    select case
        when p_purchase.status = 'processing' then 'pending'
        when p_purchase.status = 'mismatch' then 'mismatch'
        when p_purchase.status <> 'paid' then 'unpaid'
        when p_purchase.amount_paid = 0 then 'free'
        when not purse.is_of_this_mode(p_purchase.livemode) then 'other_mode'
        when p_account.deleted_at is not null then 'account_deleted'
        when purse.amount_reversed(p_purchase) >= p_purchase.amount_paid then 'refunded'
        when exists (
            select from purse.reversals_of(p_purchase) r where r.kind = 'dispute' and r.in_effect
        ) then 'disputed'
        when (select count(*) from public.purchase_payments t where t.purchase_id = p_purchase.id) > 1 then 'paid_twice'
        when exists (
            select from public.refund_requests r where r.purchase_id = p_purchase.id and r.status = 'begun'
        ) then 'in_progress'
        when p_purchase.paid_at + make_interval(days => p_days) <= now() then 'too_late'
    end
$$;

comment on function purse.why_not_refundable(public.purchases, public.user_credits, integer) is
'Why nothing of a purchase can be refunded, whatever is unused: pending (a bank debit is under way), mismatch, unpaid,
free (nothing was charged), other_mode, account_deleted, refunded, disputed, paid_twice, in_progress (another refund
is not settled yet), too_late (paid more than p_days ago). Null: it can.';
revoke all on function purse.why_not_refundable(public.purchases, public.user_credits, integer)
    from public, anon, authenticated, service_role;

create function purse.quote_of(
    p_purchase public.purchases,
    p_account  public.user_credits,
    p_days     integer default null
)
    returns jsonb
    language plpgsql
    stable
    set search_path = ''
as $$
declare
    v_reason   text   := purse.why_not_refundable(p_purchase, p_account, p_days);
    v_currency text   := coalesce(p_purchase.currency_paid, p_purchase.currency);
    v_reversed bigint := purse.amount_reversed(p_purchase);
    v_unused   bigint := 0;
    v_amount   bigint := 0;
    v_credits  bigint := 0;
    v_tax      bigint;
    v_lot_id   bigint;
begin
    -- A debt of another purchase may be larger than what this lot has left.
    select l.id, greatest(least(l.remaining - l.held, p_account.balance - p_account.held), 0) into v_lot_id, v_unused
    from public.credit_lots l
    where l.purchase_id = p_purchase.id;
    v_unused := coalesce(v_unused, 0);
    if v_reason is null then
        v_amount := purse.refundable_amount(
            p_purchase.credits, p_purchase.amount_paid, v_reversed, v_unused,
            coalesce((select c.step from public.stripe_currencies() c where c.currency = v_currency), 1)
        );
        v_credits := ceil(p_purchase.credits::numeric * (v_reversed + v_amount) / p_purchase.amount_paid)
            - ceil(p_purchase.credits::numeric * v_reversed / p_purchase.amount_paid);
        -- An amount that takes no credit is what rounding left over. It is not the price of an unused credit.
        if v_credits = 0 then
            v_reason := 'nothing_unused';
            v_amount := 0;
        end if;
    end if;
    v_tax := purse.tax_of(p_purchase, v_reversed + v_amount) - purse.tax_of(p_purchase, v_reversed);
    return jsonb_build_object(
        'purchase_id', p_purchase.id,
        'user_id', p_purchase.user_id,
        'lot_id', v_lot_id::text,
        'package_name', p_purchase.package_name,
        'refundable', v_reason is null,
        'reason', v_reason,
        'amount', v_amount,
        'tax', coalesce(v_tax, 0),
        'credits', v_credits,
        'unused', v_unused,
        'bought', p_purchase.credits,
        'paid', coalesce(p_purchase.amount_paid, 0),
        'refunded', v_reversed,
        'currency', v_currency,
        'decimals', purse.decimals_of(v_currency),
        'paid_at', p_purchase.paid_at
    );
end
$$;

comment on function purse.quote_of(public.purchases, public.user_credits, integer) is
'The answer of quote_refund about a purchase. What has expired is written already.';
revoke all on function purse.quote_of(public.purchases, public.user_credits, integer)
    from public, anon, authenticated, service_role;

create function public.quote_refund(
    p_purchase_id uuid,
    p_user_id     uuid    default null,
    p_days        integer default null
)
    returns jsonb
    language plpgsql
    security definer
    set search_path = ''
    set timezone = 'UTC'
    set lock_timeout = '150ms'
as $$
declare
    v_purchase public.purchases;
    v_account  public.user_credits;
begin
    perform purse.require_server();
    perform purse.require_account(p_user_id);
    select * into v_purchase
    from public.purchases p
    where p.id = p_purchase_id
        and (p_user_id is null or p.user_id = p_user_id);
    if not found then
        raise exception using errcode = 'PT404', message = 'no such purchase', detail = 'unknown_purchase';
    end if;
    if exists (select from public.user_credits u where u.user_id = v_purchase.user_id and u.lapses_at <= now()) then
        perform purse.lock_account(v_purchase.user_id);
    end if;
    select * into v_account from public.user_credits u where u.user_id = v_purchase.user_id;
    return purse.quote_of(v_purchase, v_account, p_days);
end
$$;

comment on function public.quote_refund(uuid, uuid, integer) is
'What of a purchase can be refunded: what is unused in its very lot and not set aside by holds, and what that cost.
amount is the largest that Stripe can refund and that takes back no more than that; credits is what it takes, exactly.
Earlier refunds and disputes count. p_user_id: only if the purchase is this user''s. p_days: only if it was paid within
so many days; null: whenever. Returns {purchase_id, user_id, lot_id or null, package_name, refundable, reason or null,
amount, tax, credits, unused, bought, paid, refunded, currency, decimals, paid_at or null}; amount, paid and refunded in
minor units of the currency, all with tax; tax is its part in amount. reason is one of purse.why_not_refundable, or nothing_unused.
Raises PT404 if there is no such purchase; PT403 if p_user_id''s account was deleted.';
revoke all on function public.quote_refund(uuid, uuid, integer) from public, anon, authenticated, service_role;
grant execute on function public.quote_refund(uuid, uuid, integer) to service_role;
